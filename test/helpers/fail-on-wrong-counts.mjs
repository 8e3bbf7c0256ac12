// Loaded into each test process: a load balancer looks at its counts when it stops (every test stops its own), and warns
// of what is in flight and cannot be. Here that ends the process, and with it the run.
process.on('warning', warning => {
	if (warning.code === 'WRONG_COUNT') throw warning;
});
