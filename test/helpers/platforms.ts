import test from 'ava';

/** `test`, or `test.skip` elsewhere: a skipped test is seen in the report. */
export const onLinux = process.platform === 'linux' ? test : test.skip;

/** `test`, or `test.skip` on Windows, whose files have no mode. */
export const onPosix = process.platform === 'win32' ? test.skip : test;
