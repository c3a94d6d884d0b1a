// Runs the hub of the npm package @dwk/websub, which is made for a platform of workers, on Node: its
// database is SQLite in WebAssembly (sql.js), its queue and its bucket are in memory. Prints its URL.
//
//   node hub.mjs PORT_OF_THE_SUITE     topics and callbacks at that port of the loopback are allowed
//
// A retry that asks for seconds waits a hundredth of them.
import http from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.cwd() + "/");
const { createWebSub, createWebSubQueueConsumer } = await import(
  pathToFileURL(process.cwd() + "/node_modules/@dwk/websub/dist/index.js").href
);
const sqlite = new ((await require("sql.js")()).Database)();

class Statement {
  constructor(sql, values = []) {
    this.sql = sql;
    this.values = values;
  }
  bind(...values) {
    return new Statement(this.sql, values);
  }
  rows() {
    const statement = sqlite.prepare(this.sql);
    const rows = [];
    try {
      statement.bind(this.values);
      while (statement.step()) rows.push(statement.getAsObject());
    } finally {
      statement.free();
    }
    return rows;
  }
  async run() {
    this.rows();
    return { success: true, meta: { changes: sqlite.getRowsModified() } };
  }
  async all() {
    return { success: true, results: this.rows() };
  }
  async first() {
    return this.rows()[0] ?? null;
  }
}

const config = {
  baseUrl: "",
  isAllowedTopic: () => true,
  minLeaseSeconds: 1,
  fetchAllowedHosts: [`127.0.0.1:${process.argv[2]}`],
};
let consume = null;
const context = { waitUntil: (promise) => promise.catch((error) => console.error(error)) };

function deliver(body, attempts) {
  setImmediate(async () => {
    let again = null;
    const message = {
      id: String(Math.random()),
      timestamp: new Date(),
      attempts,
      body: JSON.parse(body),
      ack() {},
      retry: (options) => (again = options?.delaySeconds ?? 0),
    };
    const batch = { queue: "websub", messages: [message], ackAll() {}, retryAll: () => (again = 0) };
    try {
      await consume(batch, env, context);
    } catch (error) {
      console.error(error);
      again = 0;
    }
    if (again !== null && attempts < 10) setTimeout(deliver, again * 10, body, attempts + 1);
  });
}

const staged = new Map();
const env = {
  WEBSUB_CONTENT: {
    put: async (key, bytes) => staged.set(key, bytes),
    get: async (key) =>
      staged.has(key) ? { arrayBuffer: async () => new Uint8Array(staged.get(key)).buffer } : null,
  },
  WEBSUB_DB: {
    prepare: (sql) => new Statement(sql),
    batch: async (statements) => Promise.all(statements.map((each) => each.all())),
  },
  WEBSUB_QUEUE: {
    send: async (body) => deliver(JSON.stringify(body), 1),
    sendBatch: async (batch) => batch.forEach(({ body }) => deliver(JSON.stringify(body), 1)),
  },
};

const server = http.createServer(async (incoming, outgoing) => {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  try {
    const request = new Request(config.baseUrl + incoming.url, {
      method: incoming.method,
      headers: Object.entries(incoming.headers),
      ...(body.length > 0 ? { body } : {}),
    });
    const response = await handle(request, env, context);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  } catch (error) {
    console.error(error);
    outgoing.writeHead(500).end();
  }
});
let handle = null;
server.listen(0, "127.0.0.1", () => {
  config.baseUrl = `http://127.0.0.1:${server.address().port}`;
  config.hubUrl = `${config.baseUrl}/hub`;
  handle = createWebSub(config);
  consume = createWebSubQueueConsumer(config);
  console.log(config.hubUrl);
});
