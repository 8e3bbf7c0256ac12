// How the bundle makes elements: `h('p', {…}, …)` is shorter than what the types go by, `jsx('p', {…, children: […]})`.
export {Fragment, h} from 'preact';
