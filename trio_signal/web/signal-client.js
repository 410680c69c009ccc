/**
 * signal-client.js: the browser's end of the `trio-signal.v1` protocol. One ES module, nothing else needed.
 *
 * The calls follow socket.io-client, so code written for it moves over line by line:
 *
 *     import { connect } from './signal-client.js';
 *
 *     const socket = connect('https://signal.example.org', { auth: { token } });
 *     socket.on('connect', () => {
 *       socket.emit('join-room', { roomId: 'tea' }, (reply) => {
 *         if (!reply.success) return alert(reply.error.message);
 *         reply.existingUsers.forEach(addTile);
 *       });
 *     });
 *     socket.on('user-joined', addTile);
 *     socket.on('connect_error', (error) => { if (error.data.code === 'AUTH_ERROR') location.href = '/login'; });
 *
 * What differs from Socket.IO, and why:
 * - Every reply is one object `{success, ...result}` or `{success: false, error}`; it is also what failures made here
 *   look like (`TIMEOUT`, `DISCONNECTED`, `BUFFER_FULL`, `TOO_BIG`), so an acknowledgement always comes, exactly once.
 * - Event names are the protocol's. Events of your own travel in `message` or `signal` ({to?, data}).
 * - A new connection is a new peer (`client.id`) and is in no room: join again in the `connect` handler.
 * - While disconnected, requests wait (at most `maxBuffered`, none longer than its acknowledgement timeout) and are sent
 *   after the `connect` handlers have run. `offer`, `answer`, `ice-candidate`, `signal` and `ping` belong to the connection
 *   that is gone: they fail at once with `DISCONNECTED`. What was in flight when a connection ended fails the same way.
 *
 * Times named `...Ms`, and the options, are milliseconds; times in server messages are Unix seconds.
 *
 * @typedef {{code: string, message: string, retryable: boolean, details?: object, closeCode?: number}} ErrorBody
 *   `code` as in the protocol (`ROOM_FULL`, `RATE_LIMIT` ...), or one of this file: `TIMEOUT`, `DISCONNECTED`,
 *   `BUFFER_FULL`, `TOO_BIG` (replies), `NETWORK`, `CLOSED` (`connect_error`).
 * @typedef {{success: boolean, error?: ErrorBody}} Reply  with the members of the protocol's reply beside `success`.
 * @typedef {{token: string}} Auth
 *
 * @typedef {object} Options
 * @property {Auth | (() => Auth | Promise<Auth>) | ((give: (auth: Auth) => void) => void)} [auth]
 *   the token, or a function that is asked for it at every attempt (plain, async, or with a callback).
 * @property {string} [path='/ws']  of the WebSocket; a path within `url` counts when this is left out.
 * @property {string} [verifyPath='/api/auth/verify']  asked why an upgrade was refused; '' to not ask.
 * @property {boolean} [autoConnect=true]
 * @property {boolean} [reconnection=true]
 * @property {number} [reconnectionAttempts=Infinity]
 * @property {number} [reconnectionDelay=1000]  the first attempt waits between 0 and this; the bound doubles each time,
 * @property {number} [reconnectionDelayMax=30000]  up to this (full jitter).
 * @property {number} [timeout=15000]  from the start of an attempt to `welcome`.
 * @property {number} [ackTimeout=10000]  longest wait for one reply, buffering included.
 * @property {number} [maxBuffered=100]  requests kept while disconnected.
 */

export const SUBPROTOCOL = 'trio-signal.v1';

const DEFAULTS = Object.freeze({
  verifyPath: '/api/auth/verify',
  autoConnect: true,
  reconnection: true,
  reconnectionAttempts: Infinity,
  reconnectionDelay: 1_000,
  reconnectionDelayMax: 30_000,
  timeout: 15_000,
  ackTimeout: 10_000,
  maxBuffered: 100,
});
const VERIFY_TIMEOUT_MS = 5_000;
const PONG_TIMEOUT_MS = 10_000;
/** A connection that lived this long was a good one: the backoff starts anew after it. */
const STABLE_MS = 5_000;
const DEFAULT_HEARTBEAT_S = 25;
const DEFAULT_MAX_MESSAGE_BYTES = 65_536;

const RECONNECT_CODES = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014]);
const FINAL_ERRORS = new Set(['AUTH_ERROR', 'TOKEN_EXPIRED', 'ORIGIN_NOT_ALLOWED']);
const LIVE_ONLY = new Set(['offer', 'answer', 'ice-candidate', 'signal', 'ping']);

/**
 * Open a connection (unless `autoConnect` is false).
 *
 * @param {string} [url='']  `http(s)://` or `ws(s)://`; empty for the page's own origin.
 * @param {Options} [options]
 * @returns {SignalClient}
 */
export function connect(url = '', options = {}) {
  const client = new SignalClient(url, options);
  if (client.options.autoConnect) client.connect();
  return client;
}

/** Whether a client should come back after this close code (4000-4499 and the codes of a passing trouble). */
export function mayReconnect(closeCode) {
  return RECONNECT_CODES.has(closeCode) || (closeCode >= 4000 && closeCode <= 4499);
}

/** Full jitter: anywhere between 0 and the doubled-each-time bound. `attempt` counts from 1. */
export function backoffMs(attempt, baseMs, maxMs, random = Math.random) {
  return Math.round(random() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 30)));
}

/** What `connect_error` gives. @property {ErrorBody} data */
export class SignalError extends Error {
  constructor(/** @type {ErrorBody} */ data) {
    super(data.message);
    this.name = 'SignalError';
    this.data = data;
  }
}

class Emitter {
  #listeners = new Map();
  #incoming = new Set();
  #outgoing = new Set();

  /** Call `listener` at every event `type`. */
  on(type, listener) {
    if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
    this.#listeners.get(type).add(listener);
    return this;
  }

  /** Call `listener` at the next event `type` only. */
  once(type, listener) {
    const wrapped = (...args) => { this.off(type, wrapped); listener(...args); };
    wrapped.listener = listener;
    return this.on(type, wrapped);
  }

  /** Remove one listener, all of one event, or all. */
  off(type, listener) {
    if (type === undefined) this.#listeners.clear();
    else if (listener === undefined) this.#listeners.delete(type);
    else {
      for (const known of this.#listeners.get(type) ?? []) {
        if (known === listener || known.listener === listener) this.#listeners.get(type).delete(known);
      }
    }
    return this;
  }

  /** `(type, message)` of every event the server sends (replies excepted); `onAnyOutgoing`: of every request sent. */
  onAny(listener) { this.#incoming.add(listener); return this; }
  offAny(listener) { this.#incoming.delete(listener); return this; }
  onAnyOutgoing(listener) { this.#outgoing.add(listener); return this; }
  offAnyOutgoing(listener) { this.#outgoing.delete(listener); return this; }

  _fire(type, ...args) { this._call(this.#listeners.get(type), args); }
  _fireIncoming(type, message) { this._call(this.#incoming, [type, message]); }
  _fireOutgoing(type, body) { this._call(this.#outgoing, [type, body]); }

  // A listener that throws is its author's bug: reported, but never the end of the connection.
  _call(listeners, args) {
    for (const listener of [...(listeners ?? [])]) {
      try { listener(...args); } catch (error) { queueMicrotask(() => { throw error; }); }
    }
  }
}

/**
 * One logical connection, over as many sockets as it takes.
 *
 * Local events, beside every event of the protocol (`user-joined`, `message`, `error` ...):
 * - `connect` ()                      welcomed; `id` and `welcome` are set.
 * - `connect_error` (SignalError)     an attempt failed; `active` says whether another follows.
 * - `disconnect` (reason, {code, name, willReconnect, error?})   reason in socket.io's words: 'io client disconnect',
 *                                     'io server disconnect' (no way back without `connect()`), 'transport close', 'ping timeout'.
 * - `reconnect_scheduled` ({attempt, delayMs}), `reconnect_attempt` (attempt), `reconnect` (attempts), `reconnect_failed` ()
 */
export class SignalClient extends Emitter {
  /** Welcomed and not yet closed. */
  connected = false;
  /** Connected, connecting, or about to try again. */
  active = false;
  /** This connection's peerId; undefined while disconnected. @type {string | undefined} */
  id = undefined;
  /** The server's last `welcome` message. @type {object | null} */
  welcome = null;

  #url;
  #verifyUrl;
  #link = null; // {socket, token, opened, heardAt, error}: the socket that counts; late news of others is ignored
  #turn = 0; // raised by whatever makes an await still under way pointless
  #started = false;
  #attempt = 0;
  #hintMs = null; // the server's word on when to come back
  #nextId = 1;
  #pending = new Map(); // id → request awaiting its reply
  #buffer = []; // requests awaiting a connection
  #timers = {};

  constructor(url = '', options = {}) {
    super();
    this.options = { ...DEFAULTS, ...options };
    /** May be replaced before `connect()`, as in socket.io. */
    this.auth = options.auth;
    const base = new URL(url || globalThis.location.origin, globalThis.location?.href);
    const path = options.path ?? (base.pathname === '/' ? '/ws' : base.pathname);
    this.#url = new URL(path, base.href.replace(/^http/, 'ws')).href;
    this.#verifyUrl = this.options.verifyPath && new URL(this.options.verifyPath, base.href.replace(/^ws/, 'http')).href;
  }

  /** socket.io keeps its reconnect events on the manager, `socket.io`; here it is the client itself. */
  get io() { return this; }
  get disconnected() { return !this.connected; }

  /** Connect now: at first, after `disconnect()` or a final close, or instead of waiting for the next attempt. */
  connect() {
    if (this.connected || this.#link) return this;
    this.active = true;
    this.#started = true;
    this.#attempt = 0;
    this.#hintMs = null;
    this.#open();
    return this;
  }
  open() { return this.connect(); }

  /** Close (1000) and stay away until `connect()`. Requests under way fail with `DISCONNECTED`. */
  disconnect() {
    const link = this.#link;
    this.#turn += 1;
    this.active = false;
    this.#stopTimers();
    link?.socket.close(1000);
    if (link) this.#ended(link, 1000, 'normal', 'io client disconnect');
    this.#failAll(this.#buffer.splice(0), localError('DISCONNECTED', 'The client has disconnected.'));
    return this;
  }
  close() { return this.disconnect(); }

  /**
   * Send a request. An object's members become the request's; any other value is sent as `data`.
   * Without `ack`, a failure arrives as an `error` event ({request, error}).
   *
   * @param {string} type
   * @param {object | string | number | boolean | Array<unknown>} [data]
   * @param {(reply: Reply) => void} [ack]  called exactly once, at the latest after `ackTimeout`.
   */
  emit(type, data, ack) {
    if (typeof data === 'function') [data, ack] = [undefined, data];
    this.#request(type, data, ack, this.options.ackTimeout);
    return this;
  }
  send(data, ack) { return this.emit('message', { data }, ack); }

  /** Like `emit`; the promise always resolves, to a failure `Reply` if need be. @returns {Promise<Reply>} */
  emitWithAck(type, data) {
    return new Promise((resolve) => { this.#request(type, data, resolve, this.options.ackTimeout); });
  }

  /** socket.io's form: `client.timeout(ms).emit(type, data, (err, reply) => ...)`; its `emitWithAck` rejects when no reply came. */
  timeout(timeoutMs) {
    const emit = (type, data, ack) => {
      if (typeof data === 'function') [data, ack] = [undefined, data];
      this.#request(type, data, ack && ((reply) => ack(reply.error?.local ? new SignalError(reply.error) : null, reply)), timeoutMs);
    };
    const emitWithAck = (type, data) => new Promise((resolve, reject) => {
      emit(type, data, (error, reply) => { if (error) reject(error); else resolve(reply); });
    });
    return { emit, emitWithAck };
  }

  /** Send only if connected, otherwise forget: `client.volatile.emit('message', {data})`. */
  get volatile() {
    return { emit: (...args) => { if (this.connected) this.emit(...args); return this; } };
  }

  // ---- an attempt ----------------------------------------------------------------------------------------------

  async #open() {
    this.#stopTimers();
    const turn = ++this.#turn;
    let token;
    try {
      token = await within(this.options.timeout, this.#askToken());
    } catch (error) {
      if (turn === this.#turn) this.#refused(localError('CLOSED', `No token: ${error.message}`), true);
      return;
    }
    if (turn !== this.#turn) return;
    let socket;
    try {
      if (!token) throw new Error('There is no token.');
      socket = new WebSocket(this.#url, [SUBPROTOCOL, `bearer.${token}`]);
    } catch (error) { // SyntaxError: a token that can be no JWT
      this.#refused(localError('AUTH_ERROR', error.message, { retryable: false }), false);
      return;
    }
    this.#attach(socket, token);
  }

  #attach(socket, token) {
    const link = { socket, token, opened: false, heardAt: Date.now(), error: null };
    this.#link = link;
    socket.onopen = () => { link.opened = true; };
    socket.onmessage = ({ data }) => { if (link === this.#link) this.#receive(link, data); };
    socket.onclose = ({ code, reason }) => { if (link === this.#link) this.#closed(link, code, reason); };
    this.#timers.open = setTimeout(() => this.#giveUp(link, 'connect timeout'), this.options.timeout);
  }

  #askToken() {
    const { auth } = this;
    if (typeof auth !== 'function') return auth?.token;
    if (auth.length === 0) return Promise.resolve(auth()).then((given) => given?.token);
    return new Promise((resolve) => { auth((given) => resolve(given?.token)); });
  }

  // A dead network may take a minute to report the close: the socket is left to itself, we go on.
  #giveUp(link, reason) {
    if (link !== this.#link) return;
    link.socket.close();
    this.#closed(link, 1006, reason);
  }

  #closed(link, code, name) {
    if (link.welcomed) {
      const final = !mayReconnect(code);
      this.#ended(link, code, name, final ? 'io server disconnect' : name === 'ping timeout' ? name : 'transport close');
      return;
    }
    this.#link = null;
    if (link.opened || !this.#verifyUrl) {
      const error = link.error ?? localError('CLOSED', `The server closed the connection (${code} ${name}).`);
      this.#refused({ ...error, closeCode: code }, mayReconnect(code));
    } else {
      this.#findOut(link.token, code);
    }
  }

  // Browsers do not show the answer to a refused upgrade: ask over plain HTTP whether the token is the reason.
  async #findOut(token, closeCode) {
    const turn = ++this.#turn;
    this.#stopTimers();
    let error = localError('NETWORK', 'The server cannot be reached.');
    try {
      const response = await fetch(this.#verifyUrl, {
        method: 'POST', headers: { Authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(VERIFY_TIMEOUT_MS),
      });
      const body = await response.json();
      error = body.error ?? localError('CLOSED', 'The server refused the connection.');
      const retryAfterS = Number(response.headers.get('Retry-After'));
      if (retryAfterS > 0) error.details = { retryAfterMs: retryAfterS * 1_000, ...error.details };
    } catch { /* the network, a proxy's page instead of JSON, or the timeout: NETWORK says it */ }
    if (turn === this.#turn) this.#refused({ ...error, closeCode }, true);
  }

  #refused(error, retry) {
    const again = this.active && retry && this.options.reconnection && !FINAL_ERRORS.has(error.code);
    if (error.details?.retryAfterMs > 0) this.#hintMs = error.details.retryAfterMs + this.#nextBackoffMs();
    this.#after(again, () => this._fire('connect_error', new SignalError(error)));
  }

  #ended(link, code, name, reason) {
    this.#link = null;
    const wasConnected = this.connected;
    this.connected = false;
    this.id = undefined;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    const again = this.active && reason !== 'io server disconnect' && this.options.reconnection;
    this.#failAll(pending, localError('DISCONNECTED', 'The connection ended before the reply came.'));
    if (!wasConnected) return;
    const details = { code, name, willReconnect: again, error: link.error ?? undefined };
    this.#after(again, () => this._fire('disconnect', reason, details));
  }

  // Listeners may call connect() or disconnect(): then the turn has changed and theirs is the last word.
  #after(again, tell) {
    this.#stopTimers();
    const turn = ++this.#turn;
    this.active = again;
    if (!again) this.#failAll(this.#buffer.splice(0), localError('DISCONNECTED', 'There is no connection.'));
    tell();
    if (again && turn === this.#turn) this.#schedule();
  }

  #schedule() {
    if (this.#attempt >= this.options.reconnectionAttempts) {
      this.#after(false, () => this._fire('reconnect_failed'));
      return;
    }
    const delayMs = this.#hintMs ?? this.#nextBackoffMs();
    this.#hintMs = null;
    const attempt = ++this.#attempt;
    const retry = () => {
      this.#stopTimers();
      this._fire('reconnect_attempt', attempt);
      if (this.active && !this.#link) this.#open();
    };
    this.#timers.retry = setTimeout(retry, delayMs);
    this.#timers.online = retry;
    globalThis.addEventListener?.('online', retry);
    this._fire('reconnect_scheduled', { attempt, delayMs });
  }

  #nextBackoffMs() {
    return backoffMs(this.#attempt + 1, this.options.reconnectionDelay, this.options.reconnectionDelayMax);
  }

  #stopTimers() {
    for (const name of ['open', 'retry', 'stable', 'beat']) clearTimeout(this.#timers[name]);
    if (this.#timers.online) globalThis.removeEventListener?.('online', this.#timers.online);
    this.#timers = {};
  }

  // ---- an open connection --------------------------------------------------------------------------------------

  #receive(link, text) {
    link.heardAt = Date.now();
    let message;
    try { message = JSON.parse(text); } catch { return; }
    if (message === null || typeof message.type !== 'string') return;
    if (message.type === 'reply') { this.#settle(message); return; }
    if (message.type === 'error') link.error = message.error;
    if (message.type === 'server-shutdown') this.#hintMs = Math.max(0, Number(message.reconnectAfterMs) || 0);
    this._fireIncoming(message.type, message);
    if (message.type === 'welcome') this.#welcomed(link, message);
    else this._fire(message.type, message);
  }

  #welcomed(link, message) {
    const attempts = this.#attempt;
    this.#stopTimers();
    link.welcomed = true;
    link.error = null;
    this.#hintMs = null;
    this.welcome = message;
    this.id = message.peerId;
    this.connected = true;
    this.#timers.stable = setTimeout(() => { this.#attempt = 0; }, STABLE_MS);
    this.#listen(link);
    this._fire('welcome', message);
    this._fire('connect');
    if (attempts > 0) this._fire('reconnect', attempts);
    for (const request of this.#buffer.splice(0)) {
      if (this.connected) this.#transmit(request);
      else this.#finish(request, failure(localError('DISCONNECTED', 'The connection ended.')));
    }
  }

  // The server's own pings are invisible to a page, so silence says nothing until a request of ours goes unanswered.
  #listen(link) {
    const quietMs = (this.welcome.heartbeatSeconds || DEFAULT_HEARTBEAT_S) * 1_500;
    const silentMs = Date.now() - link.heardAt;
    if (silentMs < quietMs) {
      this.#timers.beat = setTimeout(() => this.#listen(link), quietMs - silentMs);
      return;
    }
    const asked = Date.now();
    this.emit('ping', undefined, () => {});
    this.#timers.beat = setTimeout(() => {
      if (link.heardAt >= asked) this.#listen(link);
      else this.#giveUp(link, 'ping timeout');
    }, PONG_TIMEOUT_MS);
  }

  #request(type, data, done, timeoutMs) {
    const body = isObject(data) ? data : data === undefined || data === null ? {} : { data };
    const id = done ? this.#nextId++ : undefined;
    const request = { id, type, body, text: JSON.stringify({ ...body, type, id }), done, timer: undefined };
    const maxBytes = this.welcome?.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
    if (request.text.length * 3 > maxBytes && new TextEncoder().encode(request.text).length > maxBytes) {
      this.#finish(request, failure(localError('TOO_BIG', `Longer than ${maxBytes} bytes.`, { retryable: false })));
      return;
    }
    const late = () => this.#finish(request, failure(localError('TIMEOUT', `No reply within ${timeoutMs} ms.`)));
    if (this.connected) {
      if (done) request.timer = setTimeout(late, timeoutMs);
      this.#transmit(request);
    } else if (LIVE_ONLY.has(type) || (this.#started && !this.active)) {
      this.#finish(request, failure(localError('DISCONNECTED', 'There is no connection.')));
    } else if (this.#buffer.length >= this.options.maxBuffered) {
      this.#finish(request, failure(localError('BUFFER_FULL', 'Too many requests are waiting for a connection.')));
    } else {
      request.timer = setTimeout(late, timeoutMs);
      this.#buffer.push(request);
    }
  }

  #transmit(request) {
    if (request.done) this.#pending.set(request.id, request);
    else clearTimeout(request.timer);
    this.#link.socket.send(request.text);
    this._fireOutgoing(request.type, request.body);
  }

  #settle({ type, id, ...reply }) {
    const request = this.#pending.get(id);
    if (request) this.#finish(request, reply);
  }

  // Never from inside emit(): a caller may rely on its ack running later.
  #finish(request, reply) {
    clearTimeout(request.timer);
    this.#pending.delete(request.id);
    const waiting = this.#buffer.indexOf(request);
    if (waiting >= 0) this.#buffer.splice(waiting, 1);
    const tell = () => {
      if (request.done) this._call([request.done], [reply]);
      else this._fire('error', { type: 'error', request: request.type, error: reply.error });
    };
    if (reply.error?.local) queueMicrotask(tell);
    else tell();
  }

  #failAll(requests, error) {
    for (const request of requests) this.#finish(request, failure(error));
  }
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Marked `local`: made here, not by the server. */
function localError(code, message, { retryable = true } = {}) {
  return { code, message, retryable, local: true };
}

function failure(error) {
  return { success: false, error };
}

function within(timeoutMs, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${timeoutMs} ms`)), timeoutMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
