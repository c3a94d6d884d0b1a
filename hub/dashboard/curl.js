// An exchange's request as one curl command. Nothing in it is run by the shell or taken by curl for
// the name of a file, whatever it holds.

const kMadeByCurl = ['host', 'content-length', 'connection', 'transfer-encoding', 'expect'];

const bytesOf = (text) => new TextEncoder().encode(text);

// One word. What a terminal might take for a command of its own is written out.
export function quote(text) {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (/^[\x20-\x7e]*$/.test(text)) return '\'' + text.replaceAll('\'', '\'\\\'\'') + '\'';
  const written = [...bytesOf(text)].map((byte) => {
    if (byte === 10) return '\\n';
    if (byte === 39 || byte === 92) return '\\' + String.fromCharCode(byte);
    return byte >= 32 && byte < 127 ? String.fromCharCode(byte) :
                                      '\\' + byte.toString(8).padStart(3, '0');
  });
  return '$\'' + written.join('') + '\'';
}

// [name, value] of each field of a head.
export function fieldsOf(head) {
  return head.split(/\r?\n/)
      .slice(1)
      .map((line) => /^([\w!#$%&'*+.^`|~-]+):[ \t]*(.*)$/.exec(line))
      .filter(Boolean)
      .map(([, name, value]) => [name, value]);
}

// `base`: the hub, which requests to it name by their path only.
export function curlOf(exchange, base) {
  const method = /^[A-Z]+/.exec(exchange.request_head ?? '')?.[0] ?? 'GET';
  const url = exchange.direction === 'in' ? base + exchange.url : exchange.url;
  const words = ['curl', '-g', '-i', '-X', method];
  for (const [name, value] of fieldsOf(exchange.request_head ?? '')) {
    if (kMadeByCurl.includes(name.toLowerCase())) continue;
    words.push('-H', quote(value ? `${name}: ${value}` : `${name};`));
  }
  let before = '';
  const body = exchange.request_body;
  if (exchange.request_body_base64 || body?.includes('\0')) {
    const encoded = exchange.request_body_base64 ?? btoa(String.fromCharCode(...bytesOf(body)));
    before = `printf %s ${encoded} | base64 -d | `;
    words.push('--data-binary', '@-');
  } else if (body) {
    words.push('--data-raw', quote(body));
  }
  return before + [...words, '--url', quote(url)].join(' ');
}
