// One thing, whole.
import {act, get} from './api.js';
import {curlOf, fieldsOf} from './curl.js';
import {actButton, block, copyButton, el, facts} from './dom.js';
import {arrow, detailLink, fromNow, hubBase, millis, size, span, statePill, statusPill, tableLink, time, verdict} from './format.js';

const kShownOfBody = 64 * 1024;

const collections = {
  t: 'topics',
  s: 'subscriptions',
  m: 'messages',
  x: 'exchanges',
  d: 'dead-letters'
};
export const collectionOf = (id) => collections[id[0]];

// --- Bytes

const bytesOf = (encoded) => Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));

function hexDump(bytes) {
  const lines = [];
  for (let at = 0; at < Math.min(bytes.length, 4096); at += 16) {
    const part = [...bytes.subarray(at, at + 16)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text =
        part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(47)}  ${text}`);
  }
  return lines.join('\n');
}

function saveButton(content, name) {
  return actButton('Save', async () => {
    const link = URL.createObjectURL(new Blob([content]));
    el('a', {href: link, download: name}).click();
    setTimeout(() => URL.revokeObjectURL(link), 10000);
  });
}

function bodyOf(whole, name, label) {
  const encoded = whole[name + '_base64'];
  const text = whole[name];
  if (encoded === undefined && text === undefined) return [];
  if (text === null) return [el('p', {class: 'dim'}, 'Its message is kept no longer.')];
  if (text === '') return [];
  const content = encoded ? bytesOf(encoded) : text;
  const bytes = encoded ? content.length : new TextEncoder().encode(text).length;
  const cut = !encoded && text.length > kShownOfBody;
  const note = whole[name + '_note'];
  return [
    el('p', {class: 'bar'},
       el('span', {class: 'dim'},
          `${label}, ${size(bytes)}` + (encoded ? ', no UTF-8 text' : '') +
              (cut ? ', its beginning' : '') + (note ? `, ${note}` : '')),
       encoded ? null : copyButton(text), saveButton(content, `${whole.id}-${name}`)),
    block(encoded ? hexDump(content) : text.slice(0, kShownOfBody), label),
  ];
}

const headOf = (text, label) => block(text.replaceAll('\r\n', '\n').trimEnd(), label);

// The parameters of a form or of a URL, decoded.
function parametersOf(exchange) {
  const query = (exchange.url ?? '').split('?')[1] ?? '';
  const form =
      /^content-type:\s*application\/x-www-form-urlencoded/im.test(exchange.request_head ?? '');
  const pairs = [query, form ? exchange.request_body ?? '' : ''].flatMap(
      (part) => [...new URLSearchParams(part)]);
  return pairs.some(([name]) => name.startsWith('hub.')) ?
      [el('h3', {}, 'Parameters'), facts(pairs)] :
      [];
}

// --- Each kind

const timings =
    ({resolve,
      connect,
      tls,
      first_byte: first,
      total}) => [['resolve', resolve], ['connect', connect], ['TLS', tls], ['first byte', first],
                  ['total', total]]
                     .filter(([, value]) => value !== undefined)
                     .map(([name, value]) => `${name} ${millis(value)}`)
                     .join(' · ');

function exchange(whole, {open, run}) {
  const fields = fieldsOf(whole.request_head ?? '');
  const signature = fields.find(([name]) => name.toLowerCase() === 'x-hub-signature')?.[1];
  const delivery = whole.kind === 'deliver';
  return [
    el('h2', {}, `${whole.id} ${whole.kind} `, statusPill(whole)),
    el('p', {class: `outcome ${verdict(whole)}`}, whole.outcome ?? ''),
    el('p', {class: 'bar'},
       delivery ? actButton('Send again', () => run(async () => {
                                            const made =
                                                await act('POST', `exchanges/${whole.id}/resend`);
                                            if (made?.id) open(made.id);
                                          })) :
                  null,
       copyButton(() => curlOf(whole, hubBase()), 'Copy as curl'),
       copyButton(
           `websub inspect show ${whole.id} --hub ${hubBase()}`, 'Copy inspect command',
           'In the terminal it also explains what is wrong')),
    facts([
      ['At', time(whole.at)], ['Direction', arrow(whole.direction)], ['Topic', whole.topic],
      ['Callback', whole.callback], ['URL', whole.url === whole.callback ? null : whole.url],
      ['Peer', whole.direction === 'in' ? whole.peer : null], ['Identity', whole.identity],
      ['Subscription', detailLink('subscriptions', whole.subscription)],
      ['Message', detailLink('messages', whole.message)],
      ['Attempt', delivery ? whole.attempt : null],
      ['Signature', signature ?? (delivery ? 'none: no secret' : null)],
      ['Took', timings(whole.timings)], ['Fault', whole.fault]
    ]),
    ...parametersOf(whole),
    el('h3', {}, 'Request'),
    headOf(whole.request_head ?? '', 'Head of the request'),
    ...bodyOf(whole, 'request_body', 'Body of the request'),
    el('h3', {}, 'Response'),
    whole.response_head ? headOf(whole.response_head, 'Head of the response') :
                          el('p', {class: 'dim'}, 'No answer came.'),
    ...bodyOf(whole, 'response_body', 'Body of the response'),
  ];
}

function step(each) {
  const name =
      each.id ? el('a', {href: `#/${collectionOf(each.id)}/${each.id}`}, each.kind) : each.kind;
  const said =
      each.outcome ?? each.reason ?? (each.content && `${each.content.message} came`) ?? '';
  return el(
      'li', {class: each.type === 'exchange' && verdict(each) === 'bad' ? 'bad' : null},
      time(each.at), el('span', {class: 'gap'}, each.gap === null ? '' : `+${millis(each.gap)}`),
      name, each.type === 'exchange' ? statusPill(each) : '',
      el('span', {}, said, each.response_start ? el('code', {}, each.response_start) : null));
}

function subscription({subscription: whole, steps, truncated}, {run}) {
  const control = (name) => () => run(() => act('POST', `subscriptions/${whole.id}/${name}`));
  const lasts = ['active', 'pending'].includes(whole.state);
  const ahead = whole.verification;
  return [
    el('h2', {}, `${whole.id} `, statePill(whole.state)),
    lasts ? el('p', {class: 'bar'}, actButton('Verify', control('verify')),
               actButton('Deny', control('deny'), {twice: true}),
               actButton('Expire', control('expire'), {twice: true}),
               actButton(
                   'Delete', () => run(() => act('DELETE', `subscriptions/${whole.id}`)),
                   {twice: true})) :
            null,
    el('p', {class: 'bar'}, tableLink('exchanges', {subscription: whole.id}, 'its exchanges'),
       tableLink('messages', {subscription: whole.id}, 'messages it waits for'),
       tableLink('dead-letters', {subscription: whole.id}, 'its dead letters'),
       copyButton(
           `websub inspect explain ${whole.id} --hub ${hubBase()}`, 'Copy explain command',
           'In the terminal it tells why nothing came')),
    facts([
      ['Topic', tableLink('topics', {topic: whole.topic}, whole.topic)],
      ['Callback', whole.callback],
      [
        'Secret',
        whole.secret ? `yes, signed with ${whole.algorithm ?? 'the hub\'s algorithm'}` :
                       'none: not signed'
      ],
      ['Identity', whole.identity], ['Lease', span(whole.lease_seconds)],
      ['Lease ends', fromNow(whole.expires_at)], ['Asked for', time(whole.created_at)],
      ['Verified', time(whole.verified_at)], ['Ended', time(whole.ended_at)],
      ['Has taken', detailLink('messages', whole.cursor)], ['Behind', `${whole.behind} messages`],
      ['Failed', whole.attempts ? `${whole.attempts} times` : null],
      ['Tried again', fromNow(whole.retry_at)],
      [
        'Still to come',
        ahead ? `verification (${ahead.mode}), tried ${ahead.attempts} times` : null
      ]
    ]),
    el('h3', {}, 'Timeline'),
    truncated ? el('p', {class: 'dim'}, 'The newest steps; there were more before.') : null,
    el('ol', {class: 'timeline'}, steps.map(step)),
  ];
}

function topic(whole) {
  const link = (name, text) => tableLink(name, {topic: whole.url}, text);
  return [
    el('h2', {}, `${whole.id} topic`),
    el('p', {class: 'bar'}, link('subscriptions', 'its subscriptions'),
       link('messages', 'its messages'), link('exchanges', 'its exchanges'),
       copyButton(`websub subscribe ${whole.url}`, 'Copy subscribe command')),
    facts([
      ['URL', whole.url], ['Subscribers', whole.subscriptions],
      ['Last message', detailLink('messages', whole.last_message)],
      ['Known since', time(whole.created_at)], ['Fetched', time(whole.fetched_at)],
      ['ETag', whole.etag], ['Last-Modified', whole.last_modified],
      ['Content hash', whole.content_hash], ['Registered', time(whole.registered_at)],
      ['By', whole.registered_by]
    ]),
  ];
}

function message(whole) {
  return [
    el('h2', {}, `${whole.id} message`),
    el('p', {class: 'bar'}, tableLink('exchanges', {message: whole.id}, 'its deliveries')),
    facts([
      ['Topic', tableLink('topics', {topic: whole.topic}, whole.topic)],
      ['Type', whole.content_type], ['Size', size(whole.size)], ['Came', time(whole.created_at)],
      ['Delivered to', whole.delivered], ['Pending for', whole.pending],
      ['Given up for', whole.dead], ['Self', whole.self], ['Hubs', whole.hubs.join(', ')]
    ]),
    ...bodyOf(whole, 'body', 'Body'),
  ];
}

function deadLetter(whole, {run}) {
  return [
    el('h2', {}, `${whole.id} dead letter`),
    el('p', {class: 'outcome bad'}, whole.reason),
    el('p', {class: 'bar'},
       actButton('Retry', () => run(() => act('POST', `dead-letters/${whole.id}/retry`))),
       tableLink(
           'exchanges', {subscription: whole.subscription, message: whole.message},
           'its attempts')),
    facts([
      ['At', time(whole.at)], ['Attempts', whole.attempts], ['Topic', whole.topic],
      ['Callback', whole.callback],
      ['Subscription', detailLink('subscriptions', whole.subscription)],
      ['Message', detailLink('messages', whole.message)]
    ]),
  ];
}

const shows = {
  topics: topic,
  subscriptions: subscription,
  messages: message,
  exchanges: exchange,
  'dead-letters': deadLetter
};

// What the API knows of `id`.
export async function loadDetail(id) {
  const collection = collectionOf(id);
  if (!collection) throw new Error(`${id} is no id such as x1, s1, m1, t1 or d1`);
  const path = `${collection}/${encodeURIComponent(id)}`;
  return get(collection === 'subscriptions' ? path + '/timeline' : path);
}

// `open(id)` leads to another one; `run(act)` does something, says what went wrong, and looks
// again.
export const showDetail = (id, data, does) => shows[collectionOf(id)](data, does);
