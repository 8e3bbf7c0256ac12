import {render} from 'preact';
import {askBy} from './api.ts';
import {App} from './app.tsx';
import {Controller} from './controller.ts';
import {applyTheme} from './parts/theme.ts';
import {Store} from './store.ts';
import {Stream} from './stream.ts';

const later = (ms: number, task: () => void) => {
	const timer = window.setTimeout(task, ms);
	return () => window.clearTimeout(timer);
};

applyTheme();
const store = new Store(
	paint => void requestAnimationFrame(paint),
	() => Date.now(),
);
const controller = new Controller({store, ask: askBy((url, init) => fetch(url, init)), later});
const stream = new Stream({
	open: () => new EventSource('/_lb/events'),
	later,
	onConnection: connection => store.setConnection(connection),
	onSync: () => void controller.sync(),
	onEvent: (name, data) => controller.onEvent(name, data),
});
const look = () => stream.setVisible(document.visibilityState === 'visible');
document.addEventListener('visibilitychange', look);
look();

const app = document.getElementById('app');
if (app !== null) render(<App store={store} controller={controller} />, app);
