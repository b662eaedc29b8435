import { h } from './vendor/preact.js';
import htm from './vendor/htm.js';

export const html = htm.bind(h);

const PATHS = {
  scales: 'M12 4v15M7.5 19h9M5 7.2h14M5.6 7.2 3 13a2.8 2.8 0 0 0 5.2 0L5.6 7.2zM18.4 7.2 15.8 13a2.8 2.8 0 0 0 5.2 0l-2.6-5.8z',
  close: 'M6 6l12 12M18 6 6 18',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  exit: 'M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9',
  send: 'M4 12 20 4l-5 16-3.5-6.5L4 12z',
  attach: 'M20 11.5 12 19a5 5 0 0 1-7-7l8-8a3.4 3.4 0 0 1 5 5l-8 8a1.7 1.7 0 0 1-2.5-2.5l7-7',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4M9 13h6M9 17h6',
  book: 'M4 5c3-1 6-1 8 1v13c-2-2-5-2-8-1zM20 5c-3-1-6-1-8 1v13c2-2 5-2 8-1z',
  case: 'M4 8h16v11H4zM9 8V5h6v3M4 13h16',
  service: 'M4 20h16M5 20V9l7-5 7 5v11M10 20v-6h4v6',
  down: 'M6 9l6 6 6-6',
  info: 'M12 8h.01M11.5 12h.5v5h.5M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
  bot: 'M5 9h14v10H5zM12 5v4M9 13v2M15 13v2M12 4.5v.01M2.5 13v2M21.5 13v2',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c1-4 4-6 8-6s7 2 8 6',
  star: 'M12 3.5l2.6 5.5 6 .8-4.4 4.2 1.1 6L12 17.1 6.7 20l1.1-6L3.4 9.8l6-.8z',
  check: 'M5 12.5l4.5 4.5L19 7',
  size: 'M3 19 8 6l5 13M4.7 15h6.6M15 19l3-8 3 8M16 16.5h4',
};

export function Icon({ name, size = 20 }) {
  return html`<svg class="icon" viewBox="0 0 24 24" width=${size} height=${size} fill="none"
    stroke="currentColor" stroke-width=${name === 'more' ? 3 : 1.8} stroke-linecap="round"
    stroke-linejoin="round" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
}
