// What the application's pages do better with a script: keep half-written answers, count characters,
// look at a file before it travels, remember large print. Every page works without it.

const WAIT_MS = 900;
const MAX_FILE = 10 * 1024 * 1024;
const KINDS = ['image/jpeg', 'image/png', 'image/webp', 'application/pdf'];

document.documentElement.classList.add('js');

// On its way up the click has switched the page, in demo.js; this carries it to the next page.
document.addEventListener('click', (event) => {
  if (!event.target.closest('#large-text')) return;
  const on = document.documentElement.classList.contains('large');
  document.cookie = `lawbridge_large=1; path=/apply; samesite=lax${on ? '' : '; max-age=0'}`;
});

// Whoever must not be seen here leaves no way back: neither the page nor the visit.
document.addEventListener('click', (event) => {
  const leave = event.target.closest('[data-leave]');
  if (!leave) return;
  fetch('/apply/leave', { method: 'POST', keepalive: true }).catch(() => {});
  location.replace(leave.dataset.leave);
});

for (const form of document.querySelectorAll('[data-question]')) keepTyped(form);
for (const form of document.querySelectorAll('form[data-upload]')) lookAtFile(form);
for (const form of document.querySelectorAll('form')) sendOnce(form);

function keepTyped(form) {
  const field = form.querySelector('[data-keep]');
  if (!field) return;
  const note = form.querySelector('[data-saved]');
  const own = form.querySelector('input[name=option][value=own]');
  let kept = field.value;
  let timer = 0;
  let isLeaving = false;

  function say(words, bad) {
    note.textContent = words;
    note.classList.toggle('bad', Boolean(bad));
  }

  async function keep() {
    clearTimeout(timer);
    const text = field.value;
    if (isLeaving || text === kept) return;
    try {
      const answer = await fetch('/apply/typed', {
        method: 'POST',
        body: new URLSearchParams({ key: form.dataset.question, text }),
        keepalive: true,
      });
      if (!answer.ok) throw new Error(String(answer.status));
      kept = text;
      if (field.value === text) say(note.dataset.saved);
    } catch (error) {
      say(note.dataset.failed, true);
    }
  }

  field.addEventListener('input', () => {
    if (own && field.value && !own.checked) own.checked = true;
    clearTimeout(timer);
    timer = setTimeout(keep, WAIT_MS);
  });
  window.addEventListener('online', keep);
  document.addEventListener('visibilitychange', () => { if (document.hidden) keep(); });
  // The answer itself is on its way: a late copy of it must not come after it.
  form.addEventListener('submit', () => { isLeaving = true; clearTimeout(timer); });
  window.addEventListener('pageshow', () => { isLeaving = false; });

  const count = form.querySelector('[data-count]');
  if (!count) return;
  const most = Number(field.dataset.most);
  const show = () => {
    const length = [...field.value.trim()].length;
    count.textContent = count.dataset.count.replace('{count}', length);
    count.classList.toggle('wrong', length > most);
  };
  field.addEventListener('input', show);
  show();
}

function lookAtFile(form) {
  const picker = form.querySelector('input[type=file]');
  const note = form.querySelector('[data-note]');
  const problem = () => {
    const file = picker.files[0];
    if (!file) return note.dataset.none;
    if (file.size > MAX_FILE || (file.type && !KINDS.includes(file.type))) return note.dataset.wrong;
    return '';
  };
  const show = (words) => { note.textContent = words; note.classList.toggle('wrong', Boolean(words)); };
  picker.addEventListener('change', () => show(picker.files.length ? problem() : ''));
  form.addEventListener('submit', (event) => {
    const words = problem();
    show(words || note.dataset.note);
    note.classList.toggle('wrong', Boolean(words));
    if (!words) return;
    event.preventDefault();
    picker.focus();
  });
}

// A second tap while the first answer is on its way sends nothing; the server would take it as one.
function sendOnce(form) {
  let sent = false;
  form.addEventListener('submit', (event) => {
    if (event.defaultPrevented) return;
    if (sent) event.preventDefault();
    sent = true;
  });
  window.addEventListener('pageshow', () => { sent = false; });
}
