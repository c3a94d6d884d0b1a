// What the hub keeps, a table for each kind, a page at a time. Filters and place stand in the URL,
// so that a link leads there and "back" works.
import {get} from './api.js';
import {el} from './dom.js';
import {arrow, detailLink, fromNow, hubBase, millis, short, size, statePill, statusPill, time, verdict} from './format.js';

const kLimit = 50;
const kStates = ['pending', 'active', 'unverified', 'denied', 'unsubscribed', 'expired', 'gone'];
const kKinds = [
  'subscribe', 'unsubscribe', 'verify', 'deny', 'publish', 'fetch', 'deliver', 'register',
  'deregister', 'hook'
];

const url = (name, of) => ({name, kind: 'url', of: (item) => short(of(item)), title: of});
const topic = url('Topic', (item) => item.topic);
const callback = url('Callback', (item) => item.callback);
const column = (name, of, kind = '') => ({name, of, kind});

// Columns behind the id, and the filters that the API has.
export const tables = {
  topics: {
    title: 'Topics',
    filters: ['topic'],
    empty: 'No topic is known yet.',
    columns: [
      url('URL', (item) => item.url), column('Subscribers', (item) => item.subscriptions, 'number'),
      column('Last message', (item) => detailLink('messages', item.last_message)),
      column('Fetched', (item) => time(item.fetched_at), 'minor'),
      column('Known since', (item) => time(item.created_at), 'minor')
    ],
  },
  subscriptions: {
    title: 'Subscriptions',
    filters: ['topic', 'callback', 'state'],
    empty: 'No such subscription. Those that are over: state all.',
    columns: [
      column('State', (item) => statePill(item.state)), topic, callback,
      column('Behind', (item) => item.behind, 'number'),
      column('Failed', (item) => item.attempts, 'number'),
      column('Retry', (item) => fromNow(item.retry_at), 'minor'),
      column('Lease ends', (item) => fromNow(item.expires_at), 'minor')
    ],
    bad: (item) => item.attempts > 0,
  },
  messages: {
    title: 'Messages',
    filters: ['topic', 'subscription'],
    empty: 'Nothing was published yet.',
    columns: [
      topic, column('Type', (item) => item.content_type, 'wide'),
      column('Size', (item) => size(item.size), 'number'),
      column('Delivered', (item) => item.delivered, 'number'),
      column('Pending', (item) => item.pending, 'number'),
      column('Given up', (item) => item.dead, 'number'),
      column('Came', (item) => time(item.created_at))
    ],
    bad: (item) => item.dead > 0,
  },
  exchanges: {
    title: 'Exchanges',
    filters: ['topic', 'callback', 'kind', 'status', 'subscription', 'message'],
    empty: 'No such exchange.',
    columns: [
      column('Time', (item) => time(item.at)), column('Way', (item) => arrow(item.direction)),
      column('Kind', (item) => item.kind), column('Status', statusPill),
      column('Took', (item) => millis(item.timings.total), 'number minor'), topic,
      {...callback, kind: 'url minor'}, column('Outcome', (item) => item.outcome, 'wide')
    ],
    bad: (item) => verdict(item) === 'bad',
  },
  'dead-letters': {
    title: 'Dead letters',
    filters: ['topic', 'callback', 'subscription'],
    empty: 'Nothing was given up. May it stay so.',
    columns: [
      column('Time', (item) => time(item.at)), topic, {...callback, kind: 'url minor'},
      column('Subscription', (item) => detailLink('subscriptions', item.subscription)),
      column('Message', (item) => detailLink('messages', item.message)),
      column('Attempts', (item) => item.attempts, 'number'),
      column('Reason', (item) => item.reason, 'wide')
    ],
  },
};

const options = (names, any) =>
    [el('option', {value: ''}, any), ...names.map((name) => el('option', {value: name}, name))];

function filterField(name, value) {
  const label = {'aria-label': name, name};
  const field = name === 'state' ?
      el('select', label, options([...kStates, 'all'], 'pending and active')) :
      name === 'kind' ? el('select', label, options(kKinds, 'any kind')) :
                        el('input', {
                          ...label,
                          type: 'search',
                          size: ['topic', 'callback'].includes(name) ? 24 : 12,
                          placeholder: {
                            topic: 'topic, the whole URL',
                            callback: 'callback, the whole URL',
                            status: 'status, 0: none'
                          }[name] ??
                              `${name}, such as ${name[0]}1`
                        });
  field.value = value ?? '';
  return field;
}

// Leads to the filters that the form holds.
function submit(name, form) {
  const query = new URLSearchParams();
  for (const [field, value] of new FormData(form)) {
    const text = value.trim();
    if (text) query.set(field, field === 'topic' && text.startsWith('/') ? hubBase() + text : text);
  }
  location.hash = `#/${name}?${query}`;
}

function rowOf(name, table, item) {
  return el(
      'tr', {class: table.bad?.(item) ? 'bad' : null, 'data-id': item.id},
      el('th', {scope: 'row'}, detailLink(name, item.id)),
      table.columns.map(
          ({name: label, of, kind, title}) =>
              el('td', {class: kind, 'data-label': label, title: title?.(item)}, of(item) ?? '')));
}

// The table `name` with the filters of `query`: its element, and `load`, which gets its page again
// and shows it where it has changed.
export function tableView(name, query) {
  const table = tables[name];
  const form =
      el('form', {class: 'filters', role: 'search'},
         table.filters.map((filter) => filterField(filter, query.get(filter))),
         el('button', {}, 'Filter'),
         query.size > 0 ? el('a', {href: `#/${name}`}, 'no filters') : null);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit(name, form);
  });
  form.addEventListener('change', (event) => event.target.matches('select') && submit(name, form));
  const body = el('tbody');
  const pages = el('p', {class: 'pages'});
  const view =
      el('section', {}, form,
         el('table', {class: `t-${name}`},
            el('caption', {class: 'offscreen'}, `${table.title}, the newest first`),
            el('thead', {},
               el('tr', {}, el('th', {scope: 'col'}, 'Id'),
                  table.columns.map(
                      ({name: label, kind}) => el('th', {scope: 'col', class: kind}, label)))),
            body),
         pages);
  let before = null;
  const load = async () => {
    const asked = new URLSearchParams({order: 'newest', limit: kLimit});
    for (const [key, value] of query) asked.set(key, value);
    const page = await get(`${name}?${asked}`);
    const now = JSON.stringify(page);
    if (now === before) return;
    before = now;
    const focused =
        body.contains(document.activeElement) && document.activeElement.getAttribute('href');
    body.replaceChildren(...page.items.map((item) => rowOf(name, table, item)));
    if (focused) body.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    const next = new URLSearchParams(query);
    next.set('after', page.next);
    const first = new URLSearchParams(query);
    first.delete('after');
    pages.replaceChildren(
        page.items.length === 0 ? table.empty : '',
        query.has('after') ? el('a', {href: `#/${name}?${first}`}, '← the newest') : '',
        page.next ? el('a', {href: `#/${name}?${next}`}, 'older →') : '');
  };
  return {view, load};
}
