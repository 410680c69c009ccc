// The peer we measure against: the part of PROTOCOL.md that the scenarios use, written by hand on `ws`.
//
// Meant to be what a careful Node developer would write: no framework, rooms in Maps, the token verified with a
// KeyObject (jsonwebtoken is many times slower with a string), compression off, a broadcast stringified and encoded
// once. Messages are parsed, checked and written anew, as the server next to it does.
import { createSecretKey, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import jwt from 'jsonwebtoken';
import { WebSocket, WebSocketServer } from 'ws';

const HEARTBEAT_S = 25;
const MAX_MESSAGE_BYTES = 65536;
const key = createSecretKey(Buffer.from(process.env.JWT_SECRET, 'utf8'));
const rooms = new Map(); // roomId → { roomId, name, ownerId, maxUsers, members: Map(peerId → peer) }

class Refused extends Error {
  constructor(code, message, details) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

// ---- values ----------------------------------------------------------------------------------------------------

const ROOM_ID = /^[A-Za-z0-9_-]{3,100}$/;

function invalid(field) {
  return new Refused('VALIDATION_ERROR', `The field "${field}" has a wrong type or value.`, { field });
}

const isText = (value) => typeof value === 'string';
const isCandidate = (value) => value === null || typeof value === 'object' || typeof value === 'string';
const isDescription = (value) =>
  typeof value === 'string' ||
  (value !== null && typeof value === 'object' && isText(value.type) && isText(value.sdp));
const isAny = (value) => value !== undefined;

// ---- peers -----------------------------------------------------------------------------------------------------

function memberOf(peer, polite) {
  const { peerId, userId, username, joinedAt } = peer;
  return { peerId, userId, username, state: {}, polite, joinedAt };
}

function broadcast(room, except, message) {
  const bytes = Buffer.from(JSON.stringify(message)); // once for the whole room
  let delivered = 0;
  for (const member of room.members.values()) {
    if (member !== except && member.socket.readyState === WebSocket.OPEN) {
      member.socket.send(bytes, { binary: false });
      delivered += 1;
    }
  }
  return delivered;
}

function enter(peer, room) {
  const existingUsers = Array.from(room.members.values(), (member) => memberOf(member, true));
  peer.joinedAt = Math.floor(Date.now() / 1000);
  peer.room = room;
  broadcast(room, peer, { type: 'user-joined', ...memberOf(peer, false) });
  room.members.set(peer.peerId, peer);
  const { roomId, name, ownerId, maxUsers } = room;
  return { roomId, name, ownerId, maxUsers, existingUsers };
}

function leave(peer, reason) {
  const { room } = peer;
  peer.room = null;
  room.members.delete(peer.peerId);
  if (room.members.size === 0) rooms.delete(room.roomId);
  else broadcast(room, peer, { type: 'user-left', peerId: peer.peerId, userId: peer.userId, reason });
}

// ---- requests --------------------------------------------------------------------------------------------------

function createRoom(peer, { roomId, name, maxUsers }) {
  if (roomId != null && !(isText(roomId) && ROOM_ID.test(roomId))) throw invalid('roomId');
  if (!isText(name) || name.trim().length < 2 || name.length > 50) throw invalid('name');
  if (maxUsers != null && !(Number.isInteger(maxUsers) && maxUsers >= 1 && maxUsers <= 1000)) throw invalid('maxUsers');
  if (peer.room) throw new Refused('IN_ANOTHER_ROOM', 'Leave the other room first.');
  const id = roomId ?? randomBytes(9).toString('base64url');
  if (rooms.has(id)) throw new Refused('ROOM_EXISTS', 'A room with this id exists.');
  const room = { roomId: id, name: name.trim(), ownerId: peer.userId, maxUsers: maxUsers ?? 10, members: new Map() };
  rooms.set(id, room);
  return enter(peer, room);
}

function joinRoom(peer, { roomId }) {
  if (!isText(roomId) || !ROOM_ID.test(roomId)) throw invalid('roomId');
  if (peer.room) throw new Refused(peer.room.roomId === roomId ? 'ALREADY_JOINED' : 'IN_ANOTHER_ROOM', 'Already in a room.');
  const room = rooms.get(roomId);
  if (!room) throw new Refused('ROOM_NOT_FOUND', 'There is no such room.');
  if (room.members.size >= room.maxUsers) throw new Refused('ROOM_FULL', `The room is full (max ${room.maxUsers}).`);
  return enter(peer, room);
}

function leaveRoom(peer) {
  if (!peer.room) throw new Refused('NOT_IN_ROOM', 'Not in a room.');
  const { roomId } = peer.room;
  leave(peer, 'left');
  return { roomId };
}

function relayOf(field, isValid) {
  return (peer, message) => {
    const { type, to } = message;
    const payload = message[field];
    if (!isValid(payload)) throw invalid(field);
    const { room } = peer;
    if (!room) throw new Refused('NOT_IN_ROOM', 'Join a room first.');
    const event = { type, from: peer.peerId, [field]: payload };
    if (to == null) return { delivered: broadcast(room, peer, event) };
    if (!isText(to)) throw invalid('to');
    const target = room.members.get(to);
    if (!target || target === peer) throw new Refused('PEER_NOT_FOUND', 'No such peer in this room.');
    target.socket.send(JSON.stringify(event));
    return { delivered: 1 };
  };
}

const requests = {
  __proto__: null,
  'create-room': createRoom,
  'join-room': joinRoom,
  'leave-room': leaveRoom,
  offer: relayOf('sdp', isDescription),
  answer: relayOf('sdp', isDescription),
  'ice-candidate': relayOf('candidate', isCandidate),
  signal: relayOf('data', isAny),
  message: relayOf('data', isAny),
};

function parse(data) {
  let message;
  try {
    message = JSON.parse(data);
  } catch {
    throw new Refused('VALIDATION_ERROR', 'Not JSON.');
  }
  if (message === null || typeof message !== 'object' || Array.isArray(message)) throw invalid('type');
  return message;
}

function answerRefusal(peer, message, refusal) {
  if (!(refusal instanceof Refused)) throw refusal;
  const error = { code: refusal.code, message: refusal.message, retryable: false, details: refusal.details };
  const answer =
    message?.id == null
      ? { type: 'error', request: message?.type, error }
      : { type: 'reply', id: message.id, success: false, error };
  peer.socket.send(JSON.stringify(answer));
}

function receive(peer, data, isBinary) {
  if (isBinary) return peer.socket.close(1003, 'binary');
  let message;
  try {
    message = parse(data);
    const { type, id } = message;
    if (id != null && !Number.isInteger(id) && !(isText(id) && id.length <= 64)) throw invalid('id');
    const request = isText(type) ? requests[type] : undefined;
    if (!request) throw invalid('type');
    const result = request(peer, message);
    if (id != null) peer.socket.send(JSON.stringify({ type: 'reply', id, success: true, ...result }));
  } catch (refusal) {
    answerRefusal(peer, message, refusal);
  }
}

// ---- connections -----------------------------------------------------------------------------------------------

function tokenOf(request) {
  const header = request.headers.authorization;
  if (header?.startsWith('Bearer ')) return header.slice(7);
  return new URL(request.url, 'http://localhost').searchParams.get('token');
}

function welcome(peer, claims) {
  peer.socket.send(
    JSON.stringify({
      type: 'welcome',
      protocol: 'trio-signal.v1',
      peerId: peer.peerId,
      userId: claims.userId,
      username: claims.username,
      role: claims.role ?? 'user',
      nodeId: 'n_node',
      iceServers: [],
      iceExpiresAt: null,
      heartbeatSeconds: HEARTBEAT_S,
      maxMessageBytes: MAX_MESSAGE_BYTES,
      tokenExpiresAt: claims.exp,
      features: ['signal', 'presence'],
    }),
  );
}

const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES });

sockets.on('connection', (socket, claims) => {
  const peerId = `p_${randomBytes(16).toString('base64url')}`;
  const peer = { peerId, userId: claims.userId, username: claims.username, socket, room: null, joinedAt: 0 };
  socket.isAlive = true;
  socket.on('pong', () => (socket.isAlive = true));
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => receive(peer, data, isBinary));
  socket.on('close', () => peer.room && leave(peer, 'disconnected'));
  welcome(peer, claims);
});

const heartbeat = setInterval(() => {
  for (const socket of sockets.clients) {
    if (!socket.isAlive) socket.terminate();
    else {
      socket.isAlive = false;
      socket.ping();
    }
  }
}, HEARTBEAT_S * 1000);

const server = createServer((request, response) => {
  response.writeHead(request.url === '/readyz' ? 200 : 404).end();
});

server.on('upgrade', (request, socket, head) => {
  let claims;
  try {
    claims = jwt.verify(tokenOf(request) ?? '', key, { algorithms: ['HS256'] });
  } catch {
    socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  sockets.handleUpgrade(request, socket, head, (webSocket) => sockets.emit('connection', webSocket, claims));
});

server.listen(Number(process.env.PORT), process.env.HOST);

// The memory scenario asks for a collection first, so that garbage is not counted as a connection's cost.
process.on('SIGUSR2', () => globalThis.gc?.());
process.on('SIGTERM', () => {
  clearInterval(heartbeat);
  for (const socket of sockets.clients) socket.terminate();
  server.close(() => process.exit(0));
});
