// A webhook endpoint of node:http alone, durable before it replies: bodies are appended to a file,
// a line each, and all that arrived during one sync share the next.
//
//   node append.js FOLDER
//
// It ends with its standard input.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const file = fs.openSync(path.join(process.argv[2], 'events.ndjson'), 'a');
const lineEnd = Buffer.from('\n');
let waiting = [];
let syncing = false;

function answer(requests, error) {
  for (const { reply } of requests) {
    reply.writeHead(error ? 503 : 202, { 'Content-Length': 0 });
    reply.end();
  }
}

function flush() {
  const requests = waiting;
  waiting = [];
  syncing = requests.length > 0;
  if (!syncing) return;
  const parts = [];
  for (const { chunks } of requests) parts.push(...chunks, lineEnd);
  const bytes = Buffer.concat(parts);
  const done = (error) => {
    answer(requests, error);
    setImmediate(flush);
  };
  fs.write(file, bytes, 0, bytes.length, null, (error, written) => {
    if (error || written !== bytes.length) done(error || new Error('a short write'));
    else fs.fdatasync(file, done);
  });
}

const server = http.createServer((request, reply) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    waiting.push({ chunks, reply });
    if (!syncing) {
      syncing = true;
      setImmediate(flush);
    }
  });
});
server.listen(0, '127.0.0.1', 1024, () => {
  console.log('listening 127.0.0.1:' + server.address().port);
});
process.stdin.on('end', () => process.exit(0)).resume();
