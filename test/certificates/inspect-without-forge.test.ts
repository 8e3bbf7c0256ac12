import {execFile} from 'node:child_process';
import {pathToFileURL} from 'node:url';
import {promisify} from 'node:util';
import test from 'ava';
import {compiled} from '../helpers/compiled.ts';

test('forge is loaded to read the authority of another program, and for nothing else', async t => {
	const module = (name: string) => pathToFileURL(compiled(`src/${name}`)).href;
	const script = `
		import {createRequire} from 'node:module';
		await import('${module('certificates/inspect.ts')}');
		await import('${module('certificates/write-pair.ts')}');
		const before = loaded();
		const {createAuthority} = await import('${module('index.ts')}');
		const imported = loaded();
		const {authorityFrom} = await import('${module('certificates/authority.ts')}');
		const own = createAuthority();
		own.issue({names: ['web.test', '::1']});
		authorityFrom({cert: own.pem, key: own.keyPem}).issue({names: ['web.test']});
		const issued = loaded();
		const {buildCertificate} = await import('${module('certificates/certificate-builder.ts')}');
		const {generateKeyPairSync} = await import('node:crypto');
		const {publicKey, privateKey} = generateKeyPairSync('ec', {namedCurve: 'P-256'});
		const dates = {notBefore: new Date(), notAfter: new Date(Date.now() + 86_400_000)};
		const extensions = [{name: 'basicConstraints', cA: true}];
		const {pem: cert} = buildCertificate({subject: {commonName: 'somebody'}, publicKey, extensions, ...dates}, {key: privateKey});
		authorityFrom({cert, key: privateKey.export({type: 'pkcs8', format: 'pem'})}).issue({names: ['web.test']});
		console.log(JSON.stringify([before, imported, issued, loaded()]));
		function loaded() {
			return Object.keys(createRequire(import.meta.url).cache).some(file => file.includes('node-forge'));
		}
	`;

	const {stdout} = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);

	t.deepEqual(JSON.parse(stdout), [false, false, false, true]);
});
