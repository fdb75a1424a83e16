// A webhook endpoint of fastify and better-sqlite3, durable before it replies.
//
//   node fastify.js MODE FOLDER [SECRET-FILE]
//
// MODE `batched`: what arrives in one turn of the loop shares one transaction, which is as good as
// it gets. `single`: one transaction a request, as it is usually written. Both keep the body as it
// came, unparsed, one row a request, and have no index: to their advantage. With a secret they
// verify X-Hub-Signature-256. It ends with its standard input.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const home = process.env.PEERS;
const Database = require(path.join(home, 'node_modules/better-sqlite3'));
const fastify = require(path.join(home, 'node_modules/fastify'));

const [mode, folder, secretFile] = process.argv.slice(2);
const secret = secretFile && fs.readFileSync(secretFile);

const db = new Database(path.join(folder, 'events.db'));
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec('CREATE TABLE events(position INTEGER PRIMARY KEY, received_ms INTEGER, body BLOB)');
const insert = db.prepare('INSERT INTO events(received_ms, body) VALUES(?, ?)');

let waiting = [];
const storeAll = db.transaction((requests) => {
  for (const request of requests) insert.run(request.at, request.body);
});

function flush() {
  const requests = waiting;
  waiting = [];
  try {
    storeAll(requests);
    for (const request of requests) request.resolve();
  } catch (error) {
    for (const request of requests) request.reject(error);
  }
}

const stores = {
  single: (body) => insert.run(Date.now(), body),
  batched: (body) => new Promise((resolve, reject) => {
    if (waiting.length === 0) setImmediate(flush);
    waiting.push({ at: Date.now(), body, resolve, reject });
  }),
};
const store = stores[mode];

function verified(request) {
  const mac = crypto.createHmac('sha256', secret).update(request.body).digest('base64');
  const want = Buffer.from('sha256=' + mac);
  const given = Buffer.from(request.headers['x-hub-signature-256'] || '');
  return given.length === want.length && crypto.timingSafeEqual(given, want);
}

const app = fastify({ logger: false });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post('/*', async (request, reply) => {
  if (secret && !verified(request)) return reply.code(401).send();
  await store(request.body);
  return reply.code(202).send();
});
app.listen({ host: '127.0.0.1', port: 0 }).then(() => {
  console.log('listening 127.0.0.1:' + app.server.address().port);
});
process.stdin.on('end', () => process.exit(0)).resume();
