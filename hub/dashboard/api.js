// What the page asks the hub, with the token where one was given.

const kToken = 'websub-token';
const kSilence = 45000;  // the hub says something every 15 s
const kLongestPause = 15000;

export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
  get wantsToken() { return this.status === 403 && this.message.startsWith('Authorization:'); }
}

// Nobody answers.
export class Lost extends Error {}

export const hasToken = () => sessionStorage.getItem(kToken) !== null;
export const setToken = (token) => sessionStorage.setItem(kToken, token);

// Throws Lost, or a Refusal with the hub's own sentence.
async function request(method, path, fields = {}, signal = undefined) {
  const headers = new Headers(fields);
  if (hasToken()) headers.set('Authorization', 'Bearer ' + sessionStorage.getItem(kToken));
  const response =
      await fetch('api/v1/' + path, {method, headers, signal, cache: 'no-store'}).catch(() => {
        throw new Lost('the hub does not answer');
      });
  if (response.ok) return response;
  const text = await response.text();
  let sentence = text.trim();
  try {
    sentence = JSON.parse(text).error ?? sentence;
  } catch {
    // It is the sentence itself.
  }
  throw new Refusal(response.status, sentence || `the hub answered ${response.status}`);
}

export const get = async (path) => (await request('GET', path)).json();

// What it answered: an object, or null where that was no JSON.
export async function act(method, path) {
  const response = await request(method, path);
  const json = response.headers.get('Content-Type')?.startsWith('application/json');
  return json ? response.json() : null;
}

// The events of a stream of them, as [id, data]; data is "" where only the position is told.
async function* read(body, noticed) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    noticed();
    const parts = (rest + value).split('\n\n');
    rest = parts.pop();
    for (const part of parts) {
      const lines = part.split('\n');
      const of = (name) => lines.find((line) => line.startsWith(name))?.slice(name.length) ?? '';
      yield [of('id: '), of('data: ')];
    }
  }
}

// Where to begin, so that the page does not start empty: at the 200th exchange from the end.
async function beginning() {
  const {items} = await get('exchanges?order=newest&limit=200');
  if (items.length === 0) return '?after=x0.m0.d0.c0';
  return '?since=' + encodeURIComponent(items[items.length - 1].at);
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Tells `event` all that happens, for ever, and `state` how it stands: live, waiting (it was lost
// and is tried again) or refused, with the Refusal. EventSource can send no token, hence by hand.
// It resolves only where a token is wanted: call again when there is one.
export async function follow({event, state}) {
  let last = '';
  for (let wait = 500;; wait = Math.min(wait * 2, kLongestPause)) {
    const stop = new AbortController();
    let silence;
    const noticed = () => {
      clearTimeout(silence);
      silence = setTimeout(() => stop.abort(), kSilence);
    };
    try {
      const start = last ? '' : await beginning();
      const fields = {Accept: 'text/event-stream', ...(last && {'Last-Event-ID': last})};
      const response = await request('GET', 'events' + start, fields, stop.signal);
      state('live');
      noticed();
      for await (const [id, data] of read(response.body, noticed)) {
        wait = 500;
        if (id) last = id;
        if (data) event(JSON.parse(data));
      }
      state('waiting');
    } catch (error) {
      const refused = error instanceof Refusal;
      state(refused ? 'refused' : 'waiting', error);
      if (refused && error.wantsToken) return;
      if (refused && error.status === 400) last = '';
    } finally {
      clearTimeout(silence);
    }
    await pause(wait * (0.75 + Math.random() / 2));
  }
}
