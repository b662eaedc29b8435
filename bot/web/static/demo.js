// The demonstration page: buttons that open the chat or begin what they name there, and the large-text switch of the page itself.
// The choice is not stored: a shared computer starts as everyone expects it.

for (const button of document.querySelectorAll('[data-chat]')) {
  button.addEventListener('click', () => {
    if (!window.lawbridge) return;
    if (button.dataset.ask) window.lawbridge.ask(button.dataset.ask);
    else window.lawbridge.toggle('open');
  });
}

const large = document.getElementById('large-text');
large.addEventListener('click', () => {
  const on = document.documentElement.classList.toggle('large');
  large.setAttribute('aria-pressed', String(on));
  large.textContent = on ? '标准版' : '长辈版';
});
