-- Users, rooms, and who was in them. Times are Unix seconds in UTC (REAL: SQLite has no type of its own for time).

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username VARCHAR(100) NOT NULL CHECK (length(username) <= 100),
    email VARCHAR(255) UNIQUE CHECK (length(email) <= 255),
    password_hash VARCHAR(255),
    external_id VARCHAR(255) UNIQUE,
    created_at REAL NOT NULL,
    last_login REAL
);

CREATE TABLE rooms (
    id VARCHAR(255) PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    owner_id INTEGER NOT NULL REFERENCES users (id),
    max_users INTEGER NOT NULL DEFAULT 10,
    status VARCHAR(20) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'closed')),
    created_at REAL NOT NULL,
    ended_at REAL
);

CREATE INDEX rooms_status ON rooms (status);
CREATE INDEX rooms_owner_id ON rooms (owner_id);

CREATE TABLE room_participants (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    room_id VARCHAR(255) NOT NULL REFERENCES rooms (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    joined_at REAL NOT NULL,
    left_at REAL,
    duration_seconds INTEGER,
    peer_id VARCHAR(64),
    node_id VARCHAR(64),
    -- One stay of one peer: writing it twice does nothing.
    entry_id VARCHAR(64) UNIQUE
);

CREATE INDEX room_participants_room_id ON room_participants (room_id, id);
CREATE INDEX room_participants_user_id ON room_participants (user_id);
CREATE INDEX room_participants_left_at ON room_participants (left_at);

-- When each run of a server was last seen alive: where the rows end that it left open.
CREATE TABLE nodes (
    id VARCHAR(64) PRIMARY KEY,
    started_at REAL NOT NULL,
    seen_at REAL NOT NULL
);
