/** chat.js: the chat of a room: `message` with `data: {text}`. */

import { byId, hueOf, make } from './dom.js';
import { currentLanguage, errorText, say, t } from './i18n.js';

const MAX_LINES = 500;

export class Chat {
  #list = byId('chat-log');
  #input = byId('chat-input');
  #form = byId('chat-form');
  #client;
  #nameOf;
  #submit = (event) => { event.preventDefault(); this.#send(); };
  #receive = (message) => this.#show(message);

  /** @param {(peerId: string) => ({userId, username} | undefined)} nameOf */
  constructor(client, nameOf) {
    this.#client = client;
    this.#nameOf = nameOf;
    this.#list.replaceChildren();
    this.#form.addEventListener('submit', this.#submit);
    client.on('message', this.#receive);
  }

  close() {
    this.#form.removeEventListener('submit', this.#submit);
    this.#client.off('message', this.#receive);
  }

  /** A line of the house: who came, who went. */
  note(key, params) {
    const node = make('li', { className: 'chat-note' });
    say(node, key, params);
    this.#append(node);
  }

  #send() {
    const text = this.#input.value.trim();
    if (!text) return;
    this.#input.value = '';
    this.#input.focus();
    const { line, footnote } = this.#line({ own: true, text });
    line.classList.add('chat-pending');
    this.#client.emit('message', { data: { text } }, (reply) => {
      line.classList.remove('chat-pending');
      if (!reply.success) {
        line.classList.add('chat-failed');
        const [key, params] = errorText(reply.error);
        say(footnote, 'chat.failed', { why: () => t(key, params) });
      } else if (reply.delivered === 0) say(footnote, 'chat.nobody');
    });
  }

  #show({ from, data }) {
    const text = typeof data === 'string' ? data : data?.text;
    if (typeof text !== 'string') return;
    this.#line({ from, member: this.#nameOf(from), text });
    if (byId('panel').offsetParent === null) byId('toggle-panel').classList.add('has-news');
  }

  #line({ own = false, from, member, text }) {
    const who = make('span', { className: own ? 'chat-who visually-hidden' : 'chat-who' });
    if (own) say(who, 'chat.you');
    else if (from === 'server') say(who, 'chat.server');
    else if (member) who.textContent = member.username;
    else say(who, 'chat.someone');
    who.style.setProperty('--hue', hueOf(member?.userId ?? from ?? ''));
    const time = make('time', { textContent: new Intl.DateTimeFormat(currentLanguage(), { timeStyle: 'short' }).format(new Date()) });
    const footnote = make('small', { className: 'chat-footnote' });
    const line = make('li', { className: own ? 'chat-line chat-own' : 'chat-line' },
      make('div', { className: 'chat-meta' }, who, ' ', time),
      make('p', { textContent: text }), footnote);
    this.#append(line);
    return { line, footnote };
  }

  #append(node) {
    const atEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 60;
    this.#list.append(node);
    while (this.#list.children.length > MAX_LINES) this.#list.firstElementChild.remove();
    if (atEnd || node.classList.contains('chat-own')) this.#list.scrollTop = this.#list.scrollHeight;
  }
}
