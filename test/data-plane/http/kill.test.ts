import test from 'ava';
import type {Exchange} from '../../../src/index.ts';
import {IS_FULL, upTo} from '../../helpers/depth.ts';
import {PATIENCE_MS} from '../../helpers/patience.ts';
import type {RawConnection} from '../../helpers/raw-connection.ts';
import {startScene, type Way} from '../../helpers/raw-scene.ts';

const REQUEST = 'POST /kill HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello';
const ANSWER = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';

/** The exchanges of this client: a port may be dialled by another process whose back-end had it a moment ago. */
function of(client: RawConnection): (exchange: Exchange) => boolean {
	const port = client.raw.localPort;
	return exchange => exchange.client.port === port;
}

function told({outcome, cause, request, response}: Exchange): string {
	const {method, target, headers} = request;
	return `${outcome}, ${cause}: ${method} ${target} ${JSON.stringify(headers)}, answered ${response.status}`;
}

type How = 'end' | 'reset' | 'destroy';

function kill(connection: RawConnection, how: How): void {
	if (how === 'end') connection.end();
	else if (how === 'reset') connection.reset();
	else connection.stream.destroy();
}

/** How many exchanges are under way at a time: enough for speed, few enough to read. */
const AT_A_TIME = 16;

/** Before and behind the ends of the parts of what is cut, and in their midst. */
const REQUEST_CUTS = [0, 1, 21, 48, 49, 51, 53, REQUEST.length];
const ANSWER_CUTS = [0, 1, 16, 46, 47, 50, 53, 60, 61];

async function forEachCut(cuts: readonly number[], act: (cut: number) => Promise<void>): Promise<void> {
	for (let from = 0; from < cuts.length; from += AT_A_TIME) {
		await Promise.all(cuts.slice(from, from + AT_A_TIME).map(act));
	}
}

for (const front of ['http', 'https'] satisfies Way[]) {
	for (const how of ['end', 'reset', 'destroy'] satisfies How[]) {
		test.serial(
			`${front}: a client that goes (${how}) after any byte of its request leaves one record and nothing half-done`,
			async t => {
				await forEachCut(IS_FULL ? upTo(REQUEST.length) : REQUEST_CUTS, async cut => {
					const complete = cut === REQUEST.length;
					await using scene = await startScene({front});
					const client = await scene.client();
					const ours = of(client);
					const recorded = cut === 0 ? undefined : scene.lb.traffic.next(ours, PATIENCE_MS);
					if (cut > 0) await client.writeAll(REQUEST.slice(0, cut));

					kill(client, how);

					const exchange = await recorded;
					// A whole request whose client then goes may have been answered before that was known.
					const answered = complete && exchange?.outcome === 'ok';
					if (exchange !== undefined)
						t.true(answered || exchange.outcome === 'client-abort', `${how} after ${cut}: ${told(exchange)}`);
					// The connection of an exchange that was answered rests, open, for the next one.
					for (const upstream of answered ? [] : scene.backend.connections) {
						const over = await upstream.untilOver();
						// Where nothing had been sent yet, there is nothing to be taken for complete.
						if (!complete && upstream.received !== '') t.is(over, 'reset');
					}
					t.true([...scene.lb.traffic].filter(ours).length <= 1);
					await scene.fresh(t);
					t.true(complete || scene.reached.length === 0);
				});
			},
		);

		test.serial(
			`${front}: a back-end that goes (${how}) after any byte of its answer never makes it look complete, and leaves one record`,
			async t => {
				await forEachCut(IS_FULL ? upTo(ANSWER.length) : [...ANSWER_CUTS, ANSWER.length], async cut => {
					await using scene = await startScene({
						front,
						scripts: [
							async connection => {
								await connection.message();
								if (cut > 0) await connection.writeAll(ANSWER.slice(0, cut));
								kill(connection, how);
								await connection.untilOver();
							},
						],
					});
					const client = await scene.client();
					const ours = of(client);
					const recorded = scene.lb.traffic.next(ours, PATIENCE_MS);
					client.write(REQUEST);

					const exchange = await recorded;

					const expected = cut === ANSWER.length ? 'ok' : 'backend-reset';
					t.is(exchange.outcome, expected, `${how} after ${cut}: ${told(exchange)}`);
					if (exchange.response.by === 'load-balancer') t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
					else if (cut === ANSWER.length) t.is((await client.message()).body, 'hello');
					else t.is(await client.untilOver(), 'reset');
					t.is([...scene.lb.traffic].filter(ours).length, 1);
					await scene.fresh(t);
				});
			},
		);

		test.serial(
			`${front}: a client that goes (${how}) after any byte of its answer leaves one record and frees its back-end`,
			async t => {
				await forEachCut(IS_FULL ? upTo(ANSWER.length - 1) : ANSWER_CUTS, async cut => {
					await using scene = await startScene({
						front,
						scripts: [
							async connection => {
								await connection.message();
								if (cut > 0) await connection.writeAll(ANSWER.slice(0, cut));
								// The rest comes once the client is gone, as far as anybody can tell.
								await gone;
								connection.write(ANSWER.slice(cut));
							},
						],
					});
					let tell = () => {};
					const gone = new Promise<void>(resolve => {
						tell = resolve;
					});
					const client = await scene.client();
					const ours = of(client);
					const recorded = scene.lb.traffic.next(ours, PATIENCE_MS);
					client.write(REQUEST);
					const headEnd = ANSWER.indexOf('\r\n\r\n') + 4;
					if (cut >= headEnd) await client.until('\r\n\r\n');
					else await (await scene.backend.connection(0)).until('hello');

					kill(client, how);
					if (how !== 'reset') tell();

					const exchange = await recorded;
					tell();
					// An end of the client's side alone is no reason to give up: the answer is still relayed.
					const isRight = exchange.outcome === 'client-abort' || (how !== 'reset' && exchange.outcome === 'ok');
					t.true(isRight, `${how} after ${cut}: ${told(exchange)}`);
					t.is([...scene.lb.traffic].filter(ours).length, 1);
					await scene.fresh(t);
				});
			},
		);
	}
}
