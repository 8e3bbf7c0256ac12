import test from 'ava';
import {orderAssertionOf} from '../../src/page/assertions.ts';

test('the order of back-ends is an assertion, whatever their names are', t => {
	t.is(orderAssertionOf(['a', undefined, 'b']), 'assertOrder(lb, ["a", "b"]);');
	t.is(orderAssertionOf(['it\'s "a"\\']), 'assertOrder(lb, ["it\'s \\"a\\"\\\\"]);');
});
