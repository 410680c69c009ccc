/**
 * i18n.js: every string of the page, in English and Korean, and how it gets there.
 *
 * `say(node, key, params)` writes a string into an element and keeps it right when the language changes; in HTML the
 * same is `data-i18n="key"`, and for attributes `data-i18n-label` (aria-label and tooltip) and `data-i18n-placeholder`.
 * `{name}` in a string is filled from `params`, whose values may be functions (called at each translation).
 */

const STRINGS = {
  en: {
    'app.tagline': 'Video calls straight from browser to browser.',
    'app.lead': 'trio-signal introduces the browsers to each other. Sound, picture and chat among friends, nothing to install.',
    'app.point.mesh': 'Everyone connects to everyone: media never passes through the server',
    'app.point.resume': 'Server restarted, network gone? The room comes back by itself',
    'app.point.keyboard': 'Works with keyboard, screen reader and phone',
    'app.language': 'Language',
    'app.logout': 'Log out',
    'app.dismiss': 'Dismiss',

    'login.title': 'Welcome',
    'login.hint': 'Log in, or make an account in ten seconds.',
    'login.invited': 'You are invited to a room. Log in, or make an account, to enter it.',
    'login.email': 'E-mail',
    'login.password': 'Password',
    'login.password.hint': 'At least 8 characters.',
    'login.username': 'Your name',
    'login.username.hint': 'Only for a new account: what others see in a call.',
    'login.login': 'Log in',
    'login.register': 'Create account',
    'login.need.email': 'Please give your e-mail address.',
    'login.need.password': 'The password needs at least 8 characters.',
    'login.need.username': 'For a new account, please give the name that others will see.',
    'login.notice.TOKEN_EXPIRED': 'Your sign-in has expired. Please log in again.',
    'login.notice.AUTH_ERROR': 'The server did not accept your sign-in. Please log in again.',
    'login.notice.logout': 'You have logged out.',

    'renew.open': 'Stay signed in',
    'renew.title': 'Stay signed in',
    'renew.body': 'Log in once more; your call goes on meanwhile.',
    'renew.other': 'That is another account. To use it, log out first.',

    'status.connecting': 'Connecting…',
    'status.connected': 'Connected',
    'status.waiting': 'Reconnecting in {seconds} s',
    'status.retrying': 'Reconnecting…',
    'status.offline': 'Not connected',
    'status.reconnect': 'Connect',

    'lobby.title': 'Rooms',
    'lobby.refresh': 'Refresh',
    'lobby.more': 'Show more',
    'lobby.empty': 'No room is open right now',
    'lobby.empty.hint': 'Create one, then send its link to a friend.',
    'lobby.offline': 'You are not connected',
    'lobby.offline.hint': 'Press “Connect” above to see the rooms again.',
    'lobby.create': 'New room',
    'lobby.name': 'Room name',
    'lobby.name.placeholder': 'Tea at four',
    'lobby.max': 'Seats',
    'lobby.create.button': 'Create and enter',
    'lobby.join': 'Join',
    'lobby.full': 'Full',
    'lobby.by': 'by {owner}',
    'lobby.users': '{users} of {max}',
    'lobby.need.name': 'Please give the room a name of 2 to 50 characters.',
    'lobby.gone': 'The room “{room}” is not open (any more).',
    'lobby.gone.reopen': 'Open it again',

    'room.members.one': 'Only you are here',
    'room.members.other': '{count} people',
    'room.copy': 'Copy link',
    'room.copied': 'Link copied. Whoever has an account here can enter with it.',
    'room.copy.failed': 'The link: {link}',
    'room.mic.on': 'Mute microphone',
    'room.mic.off': 'Unmute microphone',
    'room.cam.on': 'Turn camera off',
    'room.cam.off': 'Turn camera on',
    'room.chat': 'Chat and events',
    'room.leave': 'Leave',
    'room.close': 'Close room',
    'room.close.confirm': 'Close the room for everyone?',
    'room.close.body': 'All members leave the call, and the link stops working.',
    'room.close.yes': 'Close it',
    'room.cancel': 'Cancel',
    'room.kick': 'Remove {name} from the room',
    'room.kicked.done': '{name} was removed.',
    'room.you': '{name} (you)',
    'room.muted': 'Microphone off',
    'room.camoff': 'Camera off',
    'room.stage': 'Participants',
    'room.controls': 'Call controls',
    'room.alone': 'You are the first one here. Share the link to invite others.',
    'room.rejoining': 'The connection was lost. Coming back to the room…',
    'room.sound': 'Turn on sound',
    'room.sound.hint': 'The browser holds the sound back until you click.',
    'tile.connecting': 'Connecting…',
    'tile.failed': 'Connection lost, trying again…',

    'media.denied': 'No access to camera and microphone: you can see and hear the others, they cannot see or hear you. Allow access in the address bar, then try again.',
    'media.missing': 'No camera or microphone found: you can see and hear the others.',
    'media.busy': 'Camera or microphone is used by another program: you can see and hear the others.',
    'media.insecure': 'Browsers give camera and microphone only to https pages and localhost: you can see and hear the others.',
    'media.partial.video': 'No camera found: the others hear you but cannot see you.',
    'media.partial.audio': 'No microphone found: the others see you but cannot hear you.',
    'media.retry': 'Try again',

    'chat.title': 'Chat',
    'chat.empty': 'No messages yet. Say hello!',
    'chat.placeholder': 'Write a message',
    'chat.send': 'Send',
    'chat.you': 'You',
    'chat.server': 'Server',
    'chat.someone': 'Someone who left',
    'chat.nobody': 'nobody else was here',
    'chat.failed': 'not sent: {why}',
    'chat.joined': '{name} joined',
    'chat.left.left': '{name} left',
    'chat.left.disconnected': '{name} lost the connection',
    'chat.left.kicked': '{name} was removed',
    'chat.left.timeout': '{name} stopped responding',
    'chat.left.server-shutdown': '{name}: the server is restarting',
    'chat.left.node-lost': '{name}: a server was lost',
    'chat.rejoined': 'You are back in the room',

    'log.title': 'Event log',
    'log.clear': 'Clear',

    'notice.kicked': 'You were removed from the room.',
    'notice.kicked.why': 'You were removed from the room: {reason}',
    'notice.closed': 'The room was closed.',
    'notice.closed.why': 'The room was closed: {reason}',
    'notice.shutdown': 'The server is restarting. The page reconnects by itself, a running call goes on meanwhile.',
    'notice.expiring': 'Your sign-in ends at {time}. This page keeps no password and cannot renew it by itself.',
    'notice.renewed': 'Your sign-in was renewed.',
    'notice.replaced': 'You are connected from somewhere else. This tab has stopped.',
    'notice.ended': 'The server ended the connection ({code} {name}).',

    'error.VALIDATION_ERROR': 'That was not accepted: {message}',
    'error.VALIDATION_ERROR.field': 'Please check “{field}”: {message}',
    'error.AUTH_ERROR': 'The server did not accept your sign-in.',
    'error.AUTH_ERROR.login': 'Wrong e-mail address or password.',
    'error.TOKEN_EXPIRED': 'Your sign-in has expired.',
    'error.ROOM_FULL': 'The room is full ({max} seats, all taken).',
    'error.ROOM_FULL.plain': 'The room is full.',
    'error.FORBIDDEN': 'You are not allowed to do that.',
    'error.ORIGIN_NOT_ALLOWED': 'The server does not accept calls from this page’s address.',
    'error.ROOM_NOT_FOUND': 'There is no such room (any more).',
    'error.PEER_NOT_FOUND': 'This person is no longer in the room.',
    'error.NOT_FOUND': 'The server does not know that.',
    'error.ROOM_EXISTS': 'A room with this id exists already.',
    'error.ALREADY_JOINED': 'You are in this room already.',
    'error.IN_ANOTHER_ROOM': 'You are in another room. Leave it first.',
    'error.NOT_IN_ROOM': 'You are not in a room.',
    'error.EMAIL_TAKEN': 'There is an account with this e-mail address already. Log in instead?',
    'error.RATE_LIMIT': 'Too many attempts. Please try again in {seconds} s.',
    'error.INTERNAL_ERROR': 'Something went wrong on the server.',
    'error.UNAVAILABLE': 'The server is busy or being restarted. Please try again in a moment.',
    'error.TIMEOUT': 'The server did not answer in time.',
    'error.DISCONNECTED': 'There is no connection to the server right now.',
    'error.BUFFER_FULL': 'Too much is waiting for the connection.',
    'error.TOO_BIG': 'That is too long.',
    'error.NETWORK': 'The server cannot be reached.',
    'error.CLOSED': 'The server closed the connection.',
    'error.other': 'That did not work: {message}',
  },

  ko: {
    'app.tagline': '브라우저에서 브라우저로 바로 연결되는 화상 통화.',
    'app.lead': 'trio-signal은 브라우저들을 서로 이어 줍니다. 설치 없이 소리와 화면, 채팅을 나누세요.',
    'app.point.mesh': '모두가 모두와 직접 연결: 영상과 음성은 서버를 거치지 않습니다',
    'app.point.resume': '서버가 재시작되거나 네트워크가 끊겨도 방으로 저절로 돌아옵니다',
    'app.point.keyboard': '키보드, 스크린 리더, 휴대전화에서도 잘 동작합니다',
    'app.language': '언어',
    'app.logout': '로그아웃',
    'app.dismiss': '닫기',

    'login.title': '환영합니다',
    'login.hint': '로그인하거나 10초 만에 계정을 만드세요.',
    'login.invited': '방에 초대받으셨습니다. 로그인하거나 계정을 만들면 입장합니다.',
    'login.email': '이메일',
    'login.password': '비밀번호',
    'login.password.hint': '8자 이상.',
    'login.username': '이름',
    'login.username.hint': '새 계정에만 필요합니다. 통화에서 다른 사람에게 보이는 이름입니다.',
    'login.login': '로그인',
    'login.register': '계정 만들기',
    'login.need.email': '이메일 주소를 입력해 주세요.',
    'login.need.password': '비밀번호는 8자 이상이어야 합니다.',
    'login.need.username': '새 계정을 만들려면 다른 사람에게 보일 이름을 입력해 주세요.',
    'login.notice.TOKEN_EXPIRED': '로그인이 만료되었습니다. 다시 로그인해 주세요.',
    'login.notice.AUTH_ERROR': '서버가 로그인 정보를 받아들이지 않았습니다. 다시 로그인해 주세요.',
    'login.notice.logout': '로그아웃했습니다.',

    'renew.open': '로그인 유지',
    'renew.title': '로그인 유지',
    'renew.body': '한 번 더 로그인하세요. 통화는 그대로 이어집니다.',
    'renew.other': '다른 계정입니다. 그 계정을 쓰려면 먼저 로그아웃하세요.',

    'status.connecting': '연결 중…',
    'status.connected': '연결됨',
    'status.waiting': '{seconds}초 뒤 다시 연결',
    'status.retrying': '다시 연결 중…',
    'status.offline': '연결되지 않음',
    'status.reconnect': '연결하기',

    'lobby.title': '방 목록',
    'lobby.refresh': '새로 고침',
    'lobby.more': '더 보기',
    'lobby.empty': '지금 열려 있는 방이 없습니다',
    'lobby.empty.hint': '방을 만들고 친구에게 링크를 보내세요.',
    'lobby.offline': '연결되어 있지 않습니다',
    'lobby.offline.hint': '위의 “연결하기”를 누르면 방 목록이 다시 보입니다.',
    'lobby.create': '새 방',
    'lobby.name': '방 이름',
    'lobby.name.placeholder': '오후 네 시의 차 한 잔',
    'lobby.max': '정원',
    'lobby.create.button': '만들고 입장',
    'lobby.join': '입장',
    'lobby.full': '만원',
    'lobby.by': '방장 {owner}',
    'lobby.users': '{users} / {max}명',
    'lobby.need.name': '방 이름을 2~50자로 입력해 주세요.',
    'lobby.gone': '“{room}” 방은 열려 있지 않습니다.',
    'lobby.gone.reopen': '다시 열기',

    'room.members.one': '혼자 있습니다',
    'room.members.other': '{count}명 참여 중',
    'room.copy': '링크 복사',
    'room.copied': '링크를 복사했습니다. 계정이 있으면 누구나 이 링크로 들어올 수 있습니다.',
    'room.copy.failed': '링크: {link}',
    'room.mic.on': '마이크 끄기',
    'room.mic.off': '마이크 켜기',
    'room.cam.on': '카메라 끄기',
    'room.cam.off': '카메라 켜기',
    'room.chat': '채팅과 이벤트',
    'room.leave': '나가기',
    'room.close': '방 닫기',
    'room.close.confirm': '모두에게서 방을 닫을까요?',
    'room.close.body': '모든 참여자의 통화가 끝나고 링크도 더는 쓸 수 없습니다.',
    'room.close.yes': '닫기',
    'room.cancel': '취소',
    'room.kick': '{name} 님 내보내기',
    'room.kicked.done': '{name} 님을 내보냈습니다.',
    'room.you': '{name} (나)',
    'room.muted': '마이크 꺼짐',
    'room.camoff': '카메라 꺼짐',
    'room.stage': '참여자',
    'room.controls': '통화 조작',
    'room.alone': '가장 먼저 오셨습니다. 링크를 보내 초대해 보세요.',
    'room.rejoining': '연결이 끊겼습니다. 방으로 돌아가는 중…',
    'room.sound': '소리 켜기',
    'room.sound.hint': '브라우저가 클릭 전까지 소리를 막고 있습니다.',
    'tile.connecting': '연결 중…',
    'tile.failed': '연결이 끊겨 다시 시도하는 중…',

    'media.denied': '카메라와 마이크를 쓸 수 없습니다. 다른 사람을 보고 들을 수는 있지만 내 모습과 소리는 전해지지 않습니다. 주소창에서 허용한 뒤 다시 시도하세요.',
    'media.missing': '카메라나 마이크를 찾지 못했습니다. 다른 사람을 보고 들을 수는 있습니다.',
    'media.busy': '다른 프로그램이 카메라나 마이크를 쓰고 있습니다. 다른 사람을 보고 들을 수는 있습니다.',
    'media.insecure': '브라우저는 https 페이지와 localhost에서만 카메라와 마이크를 허용합니다. 다른 사람을 보고 들을 수는 있습니다.',
    'media.partial.video': '카메라를 찾지 못했습니다. 소리만 전해집니다.',
    'media.partial.audio': '마이크를 찾지 못했습니다. 화면만 전해집니다.',
    'media.retry': '다시 시도',

    'chat.title': '채팅',
    'chat.empty': '아직 메시지가 없습니다. 인사해 보세요!',
    'chat.placeholder': '메시지 쓰기',
    'chat.send': '보내기',
    'chat.you': '나',
    'chat.server': '서버',
    'chat.someone': '나간 사람',
    'chat.nobody': '받을 사람이 없었습니다',
    'chat.failed': '보내지 못함: {why}',
    'chat.joined': '{name} 님이 들어왔습니다',
    'chat.left.left': '{name} 님이 나갔습니다',
    'chat.left.disconnected': '{name} 님의 연결이 끊겼습니다',
    'chat.left.kicked': '{name} 님이 내보내졌습니다',
    'chat.left.timeout': '{name} 님이 응답하지 않습니다',
    'chat.left.server-shutdown': '{name} 님: 서버가 재시작 중입니다',
    'chat.left.node-lost': '{name} 님: 서버와의 연결이 사라졌습니다',
    'chat.rejoined': '방으로 돌아왔습니다',

    'log.title': '이벤트 로그',
    'log.clear': '지우기',

    'notice.kicked': '방에서 내보내졌습니다.',
    'notice.kicked.why': '방에서 내보내졌습니다: {reason}',
    'notice.closed': '방이 닫혔습니다.',
    'notice.closed.why': '방이 닫혔습니다: {reason}',
    'notice.shutdown': '서버가 재시작 중입니다. 통화는 그대로 이어지고, 페이지는 저절로 다시 연결됩니다.',
    'notice.expiring': '로그인이 {time}에 끝납니다. 이 페이지는 비밀번호를 저장하지 않아 스스로 갱신할 수 없습니다.',
    'notice.renewed': '로그인이 갱신되었습니다.',
    'notice.replaced': '다른 곳에서 연결되어 이 탭은 멈췄습니다.',
    'notice.ended': '서버가 연결을 끝냈습니다 ({code} {name}).',

    'error.VALIDATION_ERROR': '받아들여지지 않았습니다: {message}',
    'error.VALIDATION_ERROR.field': '“{field}” 항목을 확인해 주세요: {message}',
    'error.AUTH_ERROR': '서버가 로그인 정보를 받아들이지 않았습니다.',
    'error.AUTH_ERROR.login': '이메일 주소나 비밀번호가 맞지 않습니다.',
    'error.TOKEN_EXPIRED': '로그인이 만료되었습니다.',
    'error.ROOM_FULL': '방이 가득 찼습니다 (정원 {max}명).',
    'error.ROOM_FULL.plain': '방이 가득 찼습니다.',
    'error.FORBIDDEN': '권한이 없습니다.',
    'error.ORIGIN_NOT_ALLOWED': '서버가 이 페이지 주소에서의 연결을 허용하지 않습니다.',
    'error.ROOM_NOT_FOUND': '그런 방이 없습니다.',
    'error.PEER_NOT_FOUND': '이미 방을 나간 사람입니다.',
    'error.NOT_FOUND': '서버가 찾지 못했습니다.',
    'error.ROOM_EXISTS': '같은 아이디의 방이 이미 있습니다.',
    'error.ALREADY_JOINED': '이미 이 방에 있습니다.',
    'error.IN_ANOTHER_ROOM': '다른 방에 있습니다. 먼저 나와 주세요.',
    'error.NOT_IN_ROOM': '방에 들어가 있지 않습니다.',
    'error.EMAIL_TAKEN': '이미 가입된 이메일 주소입니다. 로그인해 보세요.',
    'error.RATE_LIMIT': '시도가 너무 많습니다. {seconds}초 뒤에 다시 해 주세요.',
    'error.INTERNAL_ERROR': '서버에 문제가 생겼습니다.',
    'error.UNAVAILABLE': '서버가 바쁘거나 재시작 중입니다. 잠시 뒤에 다시 해 주세요.',
    'error.TIMEOUT': '서버가 제때 응답하지 않았습니다.',
    'error.DISCONNECTED': '지금은 서버와 연결되어 있지 않습니다.',
    'error.BUFFER_FULL': '연결을 기다리는 요청이 너무 많습니다.',
    'error.TOO_BIG': '너무 깁니다.',
    'error.NETWORK': '서버에 연결할 수 없습니다.',
    'error.CLOSED': '서버가 연결을 닫았습니다.',
    'error.other': '실패했습니다: {message}',
  },
};

const STORAGE_KEY = 'trio-signal.language';
const FIELDS = { email: 'login.email', password: 'login.password', username: 'login.username', name: 'lobby.name', maxUsers: 'lobby.max' };
const paramsOf = new WeakMap();

let language = chooseLanguage();

function chooseLanguage() {
  const wanted = [localStorage.getItem(STORAGE_KEY), ...navigator.languages].filter(Boolean);
  return wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in STRINGS) ?? 'en';
}

export function currentLanguage() { return language; }

/** Switch the whole page and remember the choice. */
export function setLanguage(tag) {
  language = tag;
  localStorage.setItem(STORAGE_KEY, tag);
  translatePage();
}

/** One string. An unknown key gives itself, so that a gap is seen. */
export function t(key, params = {}) {
  const text = STRINGS[language][key] ?? STRINGS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = params[name];
    return typeof value === 'function' ? value() : value ?? '';
  });
}

export function has(key) { return key in STRINGS.en; }

export function say(node, key, params) {
  node.dataset.i18n = key;
  paramsOf.set(node, params);
  node.textContent = t(key, params);
}

/** As `say`, for the accessible name and the tooltip of a control that shows an icon only. */
export function label(node, key, params) {
  node.dataset.i18nLabel = key;
  paramsOf.set(node, params);
  node.setAttribute('aria-label', t(key, params));
  node.title = t(key, params);
}

export function translatePage() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll('[data-i18n]')) say(node, node.dataset.i18n, paramsOf.get(node));
  for (const node of document.querySelectorAll('[data-i18n-label]')) label(node, node.dataset.i18nLabel, paramsOf.get(node));
  for (const node of document.querySelectorAll('[data-i18n-placeholder]')) node.placeholder = t(node.dataset.i18nPlaceholder);
}

/**
 * The sentence for an error of the server or of signal-client.js, as `[key, params]` for `say`.
 * `context` picks a sentence that fits better where there is one ('login').
 */
export function errorText(error, context) {
  const { code, message = '', details = {} } = error;
  const params = { message };
  if (code === 'ROOM_FULL') {
    params.max = details?.maxUsers ?? details?.max ?? /\d+/.exec(message)?.[0];
    if (params.max === undefined) return ['error.ROOM_FULL.plain', params];
  }
  if (code === 'RATE_LIMIT') params.seconds = Math.max(1, Math.ceil((details?.retryAfterMs ?? 1_000) / 1_000));
  if (code === 'VALIDATION_ERROR' && details?.field) {
    params.field = () => (details.field in FIELDS ? t(FIELDS[details.field]) : details.field);
    return ['error.VALIDATION_ERROR.field', params];
  }
  const specific = `error.${code}.${context}`;
  if (has(specific)) return [specific, params];
  return [has(`error.${code}`) ? `error.${code}` : 'error.other', params];
}
