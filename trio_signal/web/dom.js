/** dom.js: small tools of the page's views. */

import { label, say } from './i18n.js';

export const byId = (id) => document.getElementById(id);

/** An element with properties: `make('button', {className: 'ghost', type: 'button'}, child, 'text')`. */
export function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** An icon of the sprite in index.html. */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.classList.add('icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/** The server stores and sends names and reasons HTML-escaped; we write text, not HTML. */
export function unescaped(text) {
  const plain = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#x27;': "'", '&#39;': "'" };
  return String(text ?? '').replace(/&(?:amp|lt|gt|quot|#x27|#39);/g, (entity) => plain[entity]);
}

/** A steady hue (0-359) for a user, so that everybody sees the same colours. */
export function hueOf(userId) {
  let hash = 7;
  for (const character of String(userId)) hash = (hash * 31 + character.codePointAt(0)) % 9973;
  return (hash * 137) % 360;
}

/** The first letter of a name, whatever the script. */
export function initialOf(name) {
  return ([...String(name ?? '').trim()][0] ?? '?').toUpperCase();
}

const NOTICE_MS = 6_000;
const MAX_NOTICES = 4;

/**
 * A notice in the corner, read out by screen readers; errors interrupt, others wait their turn.
 * `sticky` ones stay until dismissed or until the returned function is called; `action` adds a button: `[key, onClick]`.
 */
export function notify(key, params, { error = false, sticky = false, action } = {}) {
  const place = byId(error ? 'alerts' : 'notices');
  const text = make('p');
  say(text, key, params);
  const dismiss = make('button', { type: 'button', className: 'icon-button notice-dismiss' }, icon('x'));
  label(dismiss, 'app.dismiss');
  const notice = make('div', { className: error ? 'notice notice-error' : 'notice' }, text);
  if (action) {
    const button = make('button', { type: 'button', className: 'small' });
    say(button, action[0]);
    button.addEventListener('click', action[1]);
    notice.append(button);
  }
  notice.append(dismiss);
  const remove = () => notice.remove();
  dismiss.addEventListener('click', remove);
  while (place.children.length >= MAX_NOTICES) place.firstElementChild.remove();
  place.append(notice);
  if (!sticky) setTimeout(remove, NOTICE_MS);
  return remove;
}
