// How values read.
import {el} from './dom.js';

const two = (number) => String(number).padStart(2, '0');

// Local, to the millisecond; with the day where that is not today. The title has it as it came.
export function time(text) {
  if (!text) return null;
  const at = new Date(text);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const millis = '.' + String(at.getMilliseconds()).padStart(3, '0');
  const today = at.toDateString() === new Date().toDateString();
  return el('time', {datetime: text, title: text}, today ? clock + millis : `${day} ${clock}`);
}

export function span(seconds) {
  const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const at = units.findIndex(([size]) => seconds >= size);
  if (at < 0) return '0 s';
  const [size, name] = units[at];
  const rest = at < 2 ? Math.floor((seconds % size) / units[at + 1][0]) : 0;
  return `${Math.floor(seconds / size)} ${name}` + (rest ? ` ${rest} ${units[at + 1][1]}` : '');
}

// "in 9 d 23 h", "5 s ago"
export function fromNow(text) {
  if (!text) return null;
  const seconds = (new Date(text) - Date.now()) / 1000;
  const words = seconds >= 0 ? `in ${span(seconds)}` : `${span(-seconds)} ago`;
  return el('time', {datetime: text, title: text}, words);
}

export function millis(number) {
  if (number === null || number === undefined) return null;
  if (number >= 1000) return `${(number / 1000).toFixed(number >= 10000 ? 1 : 2)} s`;
  return `${number >= 100 ? number.toFixed(0) : number.toFixed(1)} ms`;
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` :
                               `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

let base = '';
// The hub's own URL, without "/hub".
export const hubBase = () => base;
export const setHubBase = (url) => (base = url);

// A topic of the hub itself by its path.
export const short = (url) =>
    (url && base && url.startsWith(base + '/') ? url.slice(base.length) : url);

// good, odd or bad. An answer of 200 that does not repeat the challenge is bad, too.
export function verdict(exchange) {
  if (exchange.fault || !exchange.status || exchange.status >= 400) return 'bad';
  if (exchange.outcome?.startsWith('not verified')) return 'bad';
  return exchange.status >= 300 && exchange.status !== 304 ? 'odd' : 'good';
}

export const statusPill = (exchange) =>
    el('span', {class: `pill ${verdict(exchange)}`}, exchange.status ?? exchange.fault ?? 'none');

export const statePill = (state) =>
    el('span', {
      class: 'pill ' +
          ({active: 'good', pending: 'odd', unverified: 'bad', denied: 'bad', gone: 'bad'}[state] ??
           '')
    },
       state);

export const arrow = (direction) =>
    el('span', {
      class: 'arrow',
      title: direction === 'in' ? 'somebody asked the hub' : 'the hub asked somebody'
    },
       direction === 'in' ? '← in' : '→ out');

// The link to the details of what has an id, in whichever table is being looked at.
export const detailLink = (collection, id) =>
    id ? el('a', {href: `#/${collection}/${id}`}, id) : null;

// A link to a table with filters.
export const tableLink = (collection, filters, text) =>
    el('a', {href: `#/${collection}?${new URLSearchParams(filters)}`}, text);
