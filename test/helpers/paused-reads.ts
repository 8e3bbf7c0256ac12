// Reads from streams that are paused, and takes from them what was asked for alone. For `RawConnection`.
import type {Socket} from 'node:net';

/** The next `count` bytes. @throws when the stream is over before. */
export async function readBytes(stream: Socket, count: number): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let missing = count;
	while (missing > 0) {
		const chunk: Buffer | null = stream.read(Math.min(missing, Math.max(1, stream.readableLength)));
		if (chunk !== null) {
			chunks.push(chunk);
			missing -= chunk.length;
		} else if (stream.readableEnded || stream.destroyed) {
			throw new Error(`over with ${missing} of ${count} bytes missing`);
		} else await readable(stream);
	}
	return Buffer.concat(chunks);
}

/** Everything up to this text and with it, as latin1 text. @throws when the stream is over before. */
export async function readText(stream: Socket, until: string): Promise<string> {
	let received = '';
	for (;;) {
		const chunk: Buffer | null = stream.read();
		if (chunk === null) {
			if (stream.readableEnded || stream.destroyed) throw new Error(`over without ${JSON.stringify(until)}`);
			await readable(stream);
			continue;
		}
		received += chunk.toString('latin1');
		const start = received.indexOf(until);
		if (start === -1) continue;
		const end = start + until.length;
		if (end < received.length) stream.unshift(Buffer.from(received.slice(end), 'latin1'));
		return received.slice(0, end);
	}
}

function readable(stream: Socket): Promise<void> {
	const events = ['readable', 'end', 'close'];
	return new Promise(resolve => {
		const go = () => {
			for (const event of events) stream.off(event, go);
			resolve();
		};
		for (const event of events) stream.on(event, go);
	});
}
