// What to do first, on a hub that knows nothing yet.
import {copyButton, el} from './dom.js';

export function welcome(base) {
  const topic = `${base}/topics/news`;
  const publish = `curl -X PUT -H 'Content-Type: text/plain' --data 'hello' ${topic}`;
  const steps = [
    ['Put something at a topic of this hub:', publish],
    ['In another terminal, subscribe to it:', `websub subscribe ${topic}`],
    ['Publish again, and look at both:', publish.replace('hello', 'hello again')],
  ];
  return el(
      'section', {class: 'welcome'}, el('h2', {}, 'Nothing has happened here yet'),
      el('ol', {},
         steps.map(
             ([what, command]) =>
                 el('li', {}, el('p', {}, what),
                    el('p', {class: 'command'}, el('code', {}, command), copyButton(command))))),
      el('p', {class: 'dim'}, 'Your own subscriber or publisher works as well: this hub is at ',
         el('code', {}, `${base}/hub`), '.'));
}
