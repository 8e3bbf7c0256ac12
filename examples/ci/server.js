// The service under test: plain HTTP, behind a load balancer that ends TLS.
const {createServer} = require('node:http');

createServer((request, response) => response.end(`over ${request.headers['x-forwarded-proto']}\n`)).listen(
	process.env.PORT,
	'127.0.0.1',
);
