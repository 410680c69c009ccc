/**
 * app.js: the page's course: log in → connect → lobby ⇄ room, and back to where one was after every interruption.
 *
 * The views are in login.js, lobby.js and room.js; what is said to the server is all in signal-client.js and mesh.js.
 */

import { claimsOf, forgetToken, isFresh, onTokenChange, storedToken } from './api.js';
import { byId, notify, unescaped } from './dom.js';
import { currentLanguage, errorText, say, setLanguage, translatePage } from './i18n.js';
import { Lobby, lastRoom, rememberRoom } from './lobby.js';
import { logClient } from './log.js';
import { prepareLogin, setUpLogin } from './login.js';
import { askToRenew, closeRenewal, setUpRenewal } from './renewal.js';
import { Room } from './room.js';
import { connect } from './signal-client.js';
import { showStatus } from './status.js';

const REJOIN_TRIES = 8;
const REJOIN_MS = 5_000;
const AUTH_FAILURES = new Set(['AUTH_ERROR', 'TOKEN_EXPIRED']);
const FOCUS = { login: 'login-title', lobby: 'lobby-title', room: 'room-title' };

let client = null;
let usedToken = null; // the one this connection was opened, or renewed, with
let room = null;
let roomId = null; // of the room we are in, or are coming back to
let entering = false;

const lobby = new Lobby({ onJoin: joinRoom, onCreate: createRoom, onReopen: reopenRoom });

start();

function start() {
  byId('language').value = currentLanguage();
  byId('language').addEventListener('change', ({ target }) => setLanguage(target.value));
  byId('logout').addEventListener('click', () => { dropLink(); logOut('login.notice.logout'); });
  byId('reconnect').addEventListener('click', () => client?.connect());
  byId('clear-log').addEventListener('click', (event) => { event.preventDefault(); byId('event-log').replaceChildren(); });
  setUpLogin(openSession);
  setUpRenewal(renew);
  translatePage();
  addEventListener('hashchange', followLink);
  onTokenChange(tokenChanged);
  const token = storedToken();
  if (isFresh(token)) openSession();
  else logOut(token ? 'login.notice.TOKEN_EXPIRED' : undefined);
}

function show(view) {
  if (document.body.dataset.view === view) return;
  document.body.dataset.view = view;
  for (const name of ['login', 'lobby', 'room']) byId(`${name}-view`).hidden = name !== view;
  document.querySelector(`[data-log-slot="${view}"]`)?.append(byId('log-panel'));
  byId('event-log').scrollTop = byId('event-log').scrollHeight; // moving it has reset it
  for (const id of ['status', 'user-name', 'logout']) byId(id).hidden = view === 'login';
  document.title = view === 'room' ? `${byId('room-title').textContent} · trio-signal` : 'trio-signal';
  byId(FOCUS[view]).focus({ preventScroll: true });
}

// ---- signing in and out ------------------------------------------------------------------------------------------

function openSession() {
  if (client) return;
  show('lobby');
  showStatus('connecting');
  client = connect('', { auth: () => ({ token: (usedToken = storedToken()) }) });
  logClient(client);
  client.on('connect', connected);
  client.on('connect_error', connectFailed);
  client.on('disconnect', disconnected);
  client.on('reconnect_scheduled', ({ delayMs }) => showStatus('waiting', delayMs));
  client.on('reconnect_attempt', () => showStatus('retrying'));
  client.on('room-closed', ({ reason }) => { leaveView(); sayWhy('notice.closed', reason); });
  client.on('kicked', ({ reason }) => { leaveView(); sayWhy('notice.kicked', reason); });
  client.on('server-shutdown', () => notify('notice.shutdown'));
  client.on('token-expiring', tokenExpiring);
  client.on('error', ({ request, error }) => { if (request) notify(...errorText(error), { error: true }); });
}

/** To the login view, with the reason; a token another tab has put there meanwhile is not ours to throw away. */
function logOut(notice) {
  closeRoom();
  lobby.close();
  client?.off();
  client?.disconnect();
  client = null;
  closeRenewal();
  if (storedToken() === usedToken || !isFresh(storedToken())) forgetToken();
  usedToken = null;
  byId('reconnect').hidden = true;
  prepareLogin({ notice, invited: Boolean(linkedRoom()) });
  show('login');
}

function tokenExpiring({ tokenExpiresAt }) {
  if (!renew(storedToken())) askToRenew(tokenExpiresAt, claimsOf(usedToken).email);
}

function tokenChanged(token) {
  if (!token) {
    if (client) logOut('login.notice.logout');
  } else if (!client) {
    if (isFresh(token)) openSession();
  } else renew(token);
}

/** A newer token of the same user, got by logging in again here or in another tab, keeps this connection alive. */
function renew(token) {
  const sameUser = () => String(claimsOf(token).userId) === String(claimsOf(usedToken).userId);
  if (!client || token === usedToken || !isFresh(token) || !sameUser()) return false;
  client.emit('authenticate', { token }, ({ success }) => {
    if (!success) return;
    usedToken = token;
    closeRenewal();
    notify('notice.renewed');
  });
  return true;
}

// ---- the connection ----------------------------------------------------------------------------------------------

function connected() {
  showStatus('connected');
  byId('user-name').textContent = client.welcome.username;
  if (room) rejoin();
  else if (linkedRoom()) joinRoom(linkedRoom());
  else lobby.open(client);
}

function connectFailed({ data }) {
  if (AUTH_FAILURES.has(data.code)) logOut(`login.notice.${data.code}`);
  else if (!client.active) {
    showStatus('offline');
    leaveView();
    lobby.showOffline();
    notify(...errorText(data), { error: true });
  }
}

function disconnected(reason, { code, name, willReconnect, error }) {
  closeRenewal();
  const newerToken = storedToken() !== usedToken && isFresh(storedToken());
  if (code === 4001 && !newerToken) logOut('login.notice.TOKEN_EXPIRED');
  else if (code === 4501) logOut(`login.notice.${AUTH_FAILURES.has(error?.code) ? error.code : 'AUTH_ERROR'}`);
  else if (willReconnect) room?.suspend();
  else {
    showStatus('offline');
    leaveView();
    lobby.showOffline();
    if (code === 4509) notify('notice.replaced', {}, { error: true });
    else if (code !== 4503) notify('notice.ended', { code, name }, { error: true });
  }
}

// ---- rooms -------------------------------------------------------------------------------------------------------

function linkedRoom() {
  return new URLSearchParams(location.hash.slice(1)).get('room');
}

function followLink() {
  const wanted = linkedRoom();
  if (!wanted || wanted === roomId || !client?.connected) return;
  if (room) leaveRoom({ keepLink: true });
  joinRoom(wanted);
}

async function joinRoom(wanted) {
  const error = await enter('join-room', { roomId: wanted });
  if (!error) return;
  dropLink();
  lobby.open(client);
  if (error.code === 'ROOM_NOT_FOUND') lobby.showGone(wanted);
  else notify(...errorText(error), { error: true });
}

function createRoom(request) { return enter('create-room', request); }

async function reopenRoom(request) {
  const error = await createRoom(request);
  return error?.code === 'ROOM_EXISTS' ? enter('join-room', { roomId: request.roomId }) : error; // somebody else was quicker
}

/** @returns {Promise<object | null>} the error of a failed attempt. */
async function enter(type, request) {
  if (entering || room) return null;
  entering = true;
  const asked = client;
  const reply = await asked.emitWithAck(type, request);
  entering = false;
  if (asked !== client) return null;
  if (!reply.success) return reply.error;
  roomId = reply.roomId;
  rememberRoom(reply);
  history.replaceState(null, '', `#room=${encodeURIComponent(roomId)}`);
  lobby.close();
  room = new Room(client, { onLeave: () => leaveRoom() });
  room.enter(reply);
  show('room');
  return null;
}

/**
 * After a reconnect. Our old connection may hold its seat until the server finds it dead, so a full room is asked again;
 * and when everybody was cut off at once, the room ended with its last member, so it is opened anew under its id.
 */
async function rejoin() {
  const { id } = client;
  const asked = room;
  const current = () => client?.id === id && room === asked;
  let reply;
  for (let tries = 0; tries < REJOIN_TRIES; tries += 1) {
    reply = await client.emitWithAck('join-room', { roomId });
    if (current() && reply.error?.code === 'ROOM_NOT_FOUND') reply = await client.emitWithAck('create-room', lastRoom());
    if (!current()) return;
    if (reply.success) { asked.resume(reply); return; }
    const { code, retryable, details } = reply.error;
    if (code === 'ALREADY_JOINED') await client.emitWithAck('leave-room'); // the reply was late: once more
    else if (code === 'ROOM_FULL' || retryable) await sleep(details?.retryAfterMs ?? REJOIN_MS);
    else if (code !== 'ROOM_EXISTS') break; // else somebody else was quicker to open it
    if (!current()) return;
  }
  leaveView();
  notify(...errorText(reply.error), { error: true });
}

function sleep(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

function leaveRoom({ keepLink = false } = {}) {
  if (client.connected) client.emit('leave-room', () => lobby.refresh());
  leaveView({ keepLink });
}

/** Out of the room already, as far as the server is concerned. */
function leaveView({ keepLink = false } = {}) {
  closeRoom();
  if (!keepLink) dropLink();
  if (!client) return;
  show('lobby');
  lobby.open(client);
}

function closeRoom() {
  room?.close();
  room = null;
  roomId = null;
}

function dropLink() {
  history.replaceState(null, '', location.pathname);
}

function sayWhy(key, reason) {
  if (reason) notify(`${key}.why`, { reason: unescaped(reason) });
  else notify(key);
}
