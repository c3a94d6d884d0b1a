// What happens, as it happens: the newest on top, and of all that only the last few hundred.
import {el} from './dom.js';
import {arrow, millis, short, statePill, statusPill, time, verdict} from './format.js';

const kMost = 500;
const kKinds = [
  'subscribe', 'unsubscribe', 'verify', 'deny', 'publish', 'fetch', 'deliver', 'register',
  'deregister', 'hook', 'message', 'dead-letter', 'state'
];
const kStatuses = [
  ['', 'any status'], ['failed', 'failures'], ['2', '2xx'], ['3', '3xx'], ['4', '4xx'],
  ['5', '5xx'], ['none', 'no answer']
];

let shown = [];   // newest first; what the table is made of
let coming = [];  // oldest first; not in the table yet
let paused = false;
let timer = null;
let newest = 0;  // exchange: of a hub that was started anew the ids begin anew

const body = el('tbody');
const count = el('span', {class: 'dim', 'aria-live': 'off'});
const text = el('input', {
  type: 'search',
  id: 'filter',
  placeholder: 'filter: words, topic:… callback:…',
  'aria-label': 'Filter: words, or topic:, callback:, id: with a part of it',
  spellcheck: 'false'
});
const select = (label, options) => el(
    'select', {'aria-label': label}, options.map(([value, name]) => el('option', {value}, name)));
const kind = select(
    'Kind',
    [['', 'any kind'], ['exchange', 'exchanges only'], ...kKinds.map((name) => [name, name])]);
const status = select('Status', kStatuses);
const pause = el('button', {type: 'button', 'aria-pressed': 'false'}, 'Pause');

export const view =
    el('section', {class: 'live'},
       el('form', {class: 'filters', role: 'search'}, text, kind, status, pause,
          el('button', {type: 'button', click: clear}, 'Clear'), count),
       el('table', {}, el('caption', {class: 'offscreen'}, 'What happens, the newest first'),
          el('thead', {},
             el('tr', {},
                ['Time', 'Way', 'Kind', 'Status', 'Took', 'Topic', 'Callback', 'Outcome'].map(
                    (name) => el('th', {scope: 'col', class: `c-${name.toLowerCase()}`}, name)))),
          body));

// What an event is to be found by, and whether it failed.
function describe(event) {
  const failed = event.type === 'dead_letter' ||
      (event.type === 'exchange' && verdict(event) === 'bad') ||
      ['denied', 'unverified', 'gone'].includes(event.kind);
  const words = [
    event.id, event.kind, event.status, event.fault, event.topic, event.callback, event.url,
    event.peer, event.outcome, event.reason, event.subscription, event.message
  ];
  return {event, failed, words: words.filter(Boolean).join(' ').toLowerCase()};
}

function matches({event, failed, words}) {
  if (kind.value && kind.value !== event.type && kind.value !== event.kind) return false;
  if (status.value === 'failed' && !failed) return false;
  if (status.value === 'none' && (event.type !== 'exchange' || event.status)) return false;
  if (/^\d$/.test(status.value) && String(event.status ?? '')[0] !== status.value) return false;
  return text.value.toLowerCase().split(/\s+/).every((word) => {
    const [, name, part] = /^(topic|callback|id|subscription|message):(.*)$/.exec(word) ?? [];
    return name ? String(event[name] ?? '').toLowerCase().includes(part) : words.includes(word);
  });
}

const outcomes = {
  exchange: (event) => event.outcome,
  message: (event) => `${event.id}: ${event.size} bytes of ${event.content_type ?? 'no type'}`,
  dead_letter: (event) => `given up: ${event.reason}`,
  state: (event) =>
      (event.subscription ? `${event.subscription} is ${event.kind}` : 'the topic is known now'),
};

function row({event, failed}) {
  const exchange = event.type === 'exchange';
  const id = event.id ?? event.subscription;
  const cell = (name, ...children) => el('td', {class: `c-${name}`}, ...children);
  const url = (name, value) => el('td', {class: `c-${name}`, title: value}, short(value) ?? '');
  return el(
      'tr',
      {class: failed ? 'bad' :
           exchange  ? null :
                       'note',
       'data-id': id},
      el('th', {scope: 'row', class: 'c-time'},
         id ? el('a', {href: `#/live/${id}`}, time(event.at)) : time(event.at)),
      cell('way', exchange ? arrow(event.direction) : ''),
      cell('kind', event.type === 'state' ? statePill(event.kind) : event.kind),
      cell('status', exchange ? statusPill(event) : ''),
      cell('took', exchange ? millis(event.timings.total) : ''), url('topic', event.topic),
      url('callback', event.callback ?? (exchange ? event.peer : null)),
      el('td', {class: 'c-outcome', title: outcomes[event.type]?.(event)},
         outcomes[event.type]?.(event) ?? ''));
}

function tell() {
  const hidden = shown.length - body.rows.length;
  count.textContent = (paused ? `paused, ${coming.length} new` : `${shown.length} kept`) +
      (hidden > 0 ? `, ${hidden} filtered out` : '');
}

function flush() {
  timer = null;
  if (!paused && coming.length > 0) {
    const added = coming.reverse();
    coming = [];
    shown = [...added, ...shown].slice(0, kMost);
    body.prepend(...added.filter(matches).map(row));
    const left = shown.filter(matches).length;
    while (body.rows.length > left) body.lastElementChild.remove();
    mark();
  }
  tell();
}

function redraw() {
  body.replaceChildren(...shown.filter(matches).map(row));
  mark();
  tell();
}

function clear() {
  shown = [];
  coming = [];
  redraw();
}

export function add(event) {
  const number = event.type === 'exchange' ? Number(event.id.slice(1)) : 0;
  if (number && number <= newest) clear();
  newest = number || newest;
  coming.push(describe(event));
  if (coming.length > kMost) coming.shift();
  timer ??= setTimeout(flush, 100);
}

let marked = null;
// The row whose details are open.
export function mark(id = marked) {
  marked = id;
  for (const each of body.rows) {
    const here = each.dataset.id === id;
    each.classList.toggle('open', here);
    if (here)
      each.querySelector('a')?.setAttribute('aria-current', 'true');
    else
      each.querySelector('a')?.removeAttribute('aria-current');
  }
}

// What a link says to filter by.
export function filterBy(query) {
  text.value = query.get('q') ?? '';
  kind.value = query.get('kind') ?? '';
  status.value = query.get('status') ?? '';
  redraw();
}

// Tells the page what is filtered by now, as an event "filter".
function changed() {
  redraw();
  const query = new URLSearchParams();
  for (const [name, input] of [['q', text], ['kind', kind], ['status', status]]) {
    if (input.value) query.set(name, input.value);
  }
  view.dispatchEvent(new CustomEvent('filter', {detail: query}));
}

view.querySelector('form').addEventListener('submit', (event) => event.preventDefault());
view.querySelector('form').addEventListener('input', changed);
pause.addEventListener('click', () => {
  paused = !paused;
  pause.setAttribute('aria-pressed', paused);
  pause.textContent = paused ? 'Go on' : 'Pause';
  flush();
});
