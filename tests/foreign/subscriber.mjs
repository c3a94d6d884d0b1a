// Subscribes with the npm package pubsubhubbub and prints what it takes. The package knows no
// discovery: hub and self are read here from one Link field.
//
//   node subscriber.mjs TOPIC
import crypto from "node:crypto";
import { createRequire } from "node:module";

const { createServer } = createRequire(process.cwd() + "/")("pubsubhubbub");
const answer = await fetch(process.argv[2]);
const links = answer.headers.get("link") ?? "";
const link = (rel) =>
  new RegExp(`<([^>]*)>[^<]*;\\s*rel="?${rel}"?`, "i").exec(links)?.[1];

const probe = (await import("node:net")).createServer();
await new Promise((listening) => probe.listen(0, "127.0.0.1", listening));
const { port } = probe.address();
await new Promise((closed) => probe.close(closed));

const subscriber = createServer({
  callbackUrl: `http://127.0.0.1:${port}/${crypto.randomBytes(16).toString("hex")}`,
  secret: crypto.randomBytes(16).toString("hex"),
});
const self = new URL(link("self"), answer.url).href;
const hub = new URL(link("hub"), answer.url).href;
for (const event of ["subscribe", "unsubscribe", "denied", "error"]) {
  subscriber.on(event, (data) => console.error(event, data.topic ?? data.message));
}
subscriber.on("feed", (data) => console.log(data.feed.toString("utf8")));
subscriber.on("listen", () => subscriber.subscribe(self, hub, (error) => error && console.error(error)));
subscriber.listen(port, "127.0.0.1");
