// The interface's words in the visitor's language, from locales/*.json.

export const LOCALES = { 'zh-Hans': '简体中文', 'zh-Hant': '繁體中文', en: 'English' };

export async function loadWords(locale) {
  const name = LOCALES[locale] ? locale : 'zh-Hans';
  const answer = await fetch(new URL(`./locales/${name}.json`, import.meta.url), { credentials: 'omit' });
  if (!answer.ok) throw new Error(`locale ${name}: ${answer.status}`);
  const words = await answer.json();
  return (key, values = {}) => {
    const sentence = words[key];
    if (sentence === undefined) throw new Error(`no words for ${key}`);
    return sentence.replace(/\{(\w+)\}/g, (_, field) => String(values[field] ?? ''));
  };
}
