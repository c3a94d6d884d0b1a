// Puts the parts together: where one is (#/TABLE/ID?FILTERS), the header, and what is to be looked
// at again when something has happened.
import {follow, get, hasToken, Lost, Refusal, setToken} from './api.js';
import {loadDetail, showDetail} from './detail.js';
import {copyButton, el} from './dom.js';
import {setHubBase, span} from './format.js';
import * as live from './live.js';
import {tables, tableView} from './tables.js';
import {welcome} from './welcome.js';

const at = (id) => document.getElementById(id);
const kStatusEvery = 10000;
const kLookEvery = 700;

let place = {view: '', id: null, query: new URLSearchParams()};
let table = null;  // what tableView made, where one is shown
let detail = {id: null, data: null};
let counts = null;

// What is wrong, or null.
function say(error) {
  const wantsToken = error instanceof Refusal && error.wantsToken;
  const wrong = hasToken() ? 'That was not the token of this hub.' : '';
  const text = wantsToken ? wrong : error?.message ?? '';
  at('alert').hidden = !text;
  if (at('alert').textContent !== text) at('alert').textContent = text;
  if (!wantsToken || !at('token').hidden) return;
  at('token').hidden = false;
  at('token-value').focus();
}

// --- Header

const tabs = ['live', ...Object.keys(tables)].map(
    (name) =>
        el('a', {href: `#/${name}`}, tables[name]?.title ?? 'Live', el('span', {class: 'count'})));
const retrying = el('span', {class: 'pill odd'});
at('tabs').append(...tabs, retrying);

function showTabs() {
  const numbers = counts && {
    topics: counts.topics,
    messages: counts.messages,
    exchanges: counts.exchanges,
    subscriptions: `${counts.subscriptions.active}` +
        (counts.subscriptions.pending ? ` + ${counts.subscriptions.pending} pending` : ''),
    'dead-letters': counts.dead_letters
  };
  for (const tab of tabs) {
    const name = tab.getAttribute('href').slice(2);
    if (name === place.view)
      tab.setAttribute('aria-current', 'page');
    else
      tab.removeAttribute('aria-current');
    tab.lastChild.textContent = numbers?.[name] ?? '';
    tab.lastChild.classList.toggle('bad', name === 'dead-letters' && counts?.dead_letters > 0);
  }
  retrying.hidden = !counts?.retrying;
  retrying.textContent = `${counts?.retrying} retrying`;
}

async function loadStatus() {
  const status = await get('status');
  const base = (status.url ?? location.origin).replace(/\/hub$/, '');
  if (at('hub').dataset.url !== status.url) {
    at('hub').dataset.url = status.url;
    at('hub').replaceChildren(el('code', {}, status.url), copyButton(status.url));
  }
  setHubBase(base);
  at('version').textContent = status.version;
  at('uptime').textContent = `up ${span(status.uptime_seconds)}`;
  counts = status.counts;
  const empty = counts.topics + counts.exchanges + counts.messages === 0;
  const welcomed = at('main').querySelector('.welcome');
  if (!empty)
    welcomed?.remove();
  else if (!welcomed && place.view === 'live')
    at('main').append(welcome(base));
  showTabs();
  if (status.write_fault) throw new Error(`The hub cannot write: ${status.write_fault}`);
}

// --- Details

async function loadOne() {
  const {id} = place;
  if (!id) return;
  const data = await loadDetail(id).catch((error) => ({error}));
  if (id !== place.id) return;  // he is elsewhere by now
  if (detail.id === id && JSON.stringify(detail.data) === JSON.stringify(data)) return;
  const isNew = detail.id !== id;
  // Not under the hand of somebody who is about to do something.
  if (!isNew && at('detail').querySelector('[data-asked]')) return;
  detail = {id, data};
  const close =
      el('a', {href: hashOf(null), class: 'close', 'aria-label': 'Close the details'}, '×');
  const shown = data.error ?
      [el('h2', {}, id), el('p', {class: 'outcome bad'}, data.error.message)] :
      showDetail(id, data, {open: (other) => (location.hash = hashOf(other)), run});
  const stops = () => [...at('detail').querySelectorAll('a, button, pre')];
  const focused = stops().indexOf(document.activeElement);
  at('detail').replaceChildren(close, ...shown.filter(Boolean));
  if (!isNew) stops()[focused]?.focus({preventScroll: true});
  if (isNew) {
    at('detail').scrollTop = 0;
    at('detail').focus({preventScroll: matchMedia('(min-width: 60rem)').matches});
  }
}

async function run(act) {
  try {
    await act();
    say(null);
  } catch (error) {
    return say(error);
  }
  await look();
}

// --- Where one is

function hashOf(id) {
  const query = place.query.size ? `?${place.query}` : '';
  return `#/${place.view}` + (id ? `/${id}` : '') + query;
}

function read(hash) {
  const [path, query] = hash.replace(/^#\/?/, '').split('?');
  const [view, id] = path.split('/');
  return {
    view: Object.hasOwn(tables, view) ? view : 'live',
    id: id || null,
    query: new URLSearchParams(query)
  };
}

async function go() {
  const before = place;
  place = read(location.hash);
  const filters = String(place.query);
  // Details that were opened from a filtered table leave it as it is.
  const sameTable = place.view === before.view &&
      (place.id ? !filters || filters === String(before.query) : filters === String(before.query));
  if (sameTable && place.id) place.query = before.query;
  if (!sameTable) {
    table = place.view === 'live' ? null : tableView(place.view, place.query);
    if (table || !live.view.isConnected) at('main').replaceChildren(table?.view ?? live.view);
    if (place.view === 'live' && !(place.id && !filters)) live.filterBy(place.query);
  }
  if (!place.id) detail = {id: null, data: null};
  at('detail').hidden = !place.id;
  document.body.classList.toggle('with-detail', Boolean(place.id));
  document.title = `${place.id ?? tables[place.view]?.title ?? 'Live'} · websub`;
  live.mark(place.id);
  showTabs();
  await look();
}

// --- What has happened

async function look() {
  try {
    await loadStatus();
    await Promise.all([table?.load(), loadOne()]);
    for (const row of at('main').querySelectorAll('tr[data-id]')) {
      row.classList.toggle('open', row.dataset.id === place.id);
    }
    say(null);
  } catch (error) {
    if (!(error instanceof Lost)) say(error);  // the state of the stream tells that
  }
}

let looking = null;
let pressed = false;  // what is pressed must be there still when it is let go
function lookSoon() {
  looking ??= setTimeout(async () => {
    if (!pressed) await look();
    looking = null;
    if (pressed) lookSoon();
  }, kLookEvery);
}

const states = {
  live: () => 'live',
  waiting: () => 'lost the hub, trying again',
  refused: (error) => (error.wantsToken ? 'a token is needed' : `refused: ${error.status}`),
};

async function followAll() {
  await follow({
    event: (each) => {
      live.add(each);
      lookSoon();
    },
    state: (name, error) => {
      const text = states[name](error);
      if (at('stream').textContent !== text) at('stream').textContent = text;
      at('stream').dataset.state = name;
      if (name === 'refused') say(error);
      if (name === 'live') lookSoon();
    },
  });
}

at('token').addEventListener('submit', async (event) => {
  event.preventDefault();
  setToken(at('token-value').value.trim());
  at('token').hidden = true;
  at('token-value').value = '';
  followAll();
  await go();
});

// --- Keys and clicks

for (const name of ['pointerdown', 'pointerup', 'pointercancel']) {
  addEventListener(name, () => (pressed = name === 'pointerdown'), {capture: true});
}

live.view.addEventListener('filter', (event) => {
  place.query = event.detail;
  history.replaceState(null, '', hashOf(place.id));
});

at('main').addEventListener('click', (event) => {
  const row = event.target.closest('tr[data-id]');
  if (!row || event.target.closest('a, button') || String(getSelection())) return;
  row.querySelector('a')?.click();
});

addEventListener('keydown', (event) => {
  const typing = event.target.matches('input, select, textarea');
  if (event.key === 'Escape' && place.id) {
    const open = at('main').querySelector('tr.open a');
    location.hash = hashOf(null);
    open?.focus();
  } else if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    at('main').querySelector('input')?.focus();
  } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    const row = event.target.closest?.('tbody tr');
    const other = event.key === 'ArrowDown' ? row?.nextElementSibling : row?.previousElementSibling;
    if (!other) return;
    event.preventDefault();
    other.querySelector('a')?.focus();
  }
});

addEventListener('hashchange', go);
setInterval(() => at('token').hidden && lookSoon(), kStatusEvery);
await go();
followAll();
