// Makes what is shown. Whatever comes from the hub was sent by strangers: here it becomes text and
// attributes, never markup.

// Characters that draw nothing, or reorder or hide what stands beside them.
const kHidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

function escape(character) {
  const code = character.codePointAt(0);
  const named = {9: '\\t', 10: '\\n', 13: '\\r'}[code];
  if (named) return named;
  return code < 256 ? '\\x' + code.toString(16).padStart(2, '0') : `\\u{${code.toString(16)}}`;
}

// In one line, with every hidden character written out.
export const visible = (text) => String(text).replace(kHidden, escape);

// The same of a text with lines.
export const visibleLines = (text) =>
    String(text).replace(kHidden, (c) => (c === '\n' || c === '\t' ? c : escape(c)));

// A function becomes a listener, true an empty attribute; null and false leave it out. Strings and
// numbers among the children are shown by `visible`.
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function')
      node.addEventListener(name, value);
    else
      node.setAttribute(name, value === true ? '' : visible(value));
  }
  node.append(...children.flat()
                  .filter((child) => child !== null && child !== undefined)
                  .map((child) => (child instanceof Node ? child : visible(child))));
  return node;
}

// Bytes as they came, in lines.
export function block(text, label) {
  const node = el('pre', {tabindex: 0, 'aria-label': label});
  node.textContent = visibleLines(text);
  return node;
}

// Outside of a secure context (a hub on another machine, without TLS) there is no clipboard API.
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = el('textarea', {class: 'offscreen'});
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

// `text`: what to copy, or a function that makes it.
export function copyButton(text, label = 'Copy', title = null) {
  const button = el('button', {type: 'button', class: 'copy', title}, label);
  button.addEventListener('click', async () => {
    try {
      await copy(typeof text === 'function' ? text() : text);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Not allowed';
    }
    setTimeout(() => (button.textContent = label), 1500);
  });
  return button;
}

// Does `act` once it was pressed, of something that cannot be undone: twice.
export function actButton(label, act, {twice = false} = {}) {
  const button = el('button', {type: 'button', class: twice ? 'danger' : null}, label);
  let asked = false;
  button.addEventListener('click', async () => {
    if (twice && !asked) {
      asked = true;
      button.dataset.asked = '';
      button.textContent = label + ': sure?';
      setTimeout(() => {
        asked = false;
        delete button.dataset.asked;
        button.textContent = label;
      }, 4000);
      return;
    }
    delete button.dataset.asked;
    button.disabled = true;
    try {
      await act();
    } finally {
      button.disabled = false;
    }
  });
  return button;
}

// Facts in two columns; those without a value are left out.
export function facts(pairs) {
  return el(
      'dl', {},
      pairs.filter(([, value]) => value !== null && value !== undefined && value !== '')
          .flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]));
}
