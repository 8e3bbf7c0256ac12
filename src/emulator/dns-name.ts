/** `<name>-<9 digits>.<region>.lbu.outscale.com`; the digits look constant per account (real DNS names, 2026). */
export function dnsNameOf(name: string, seed: number): string {
	// Knuth's multiplicative hash: any seed, small ones too, gives nine digits that look arbitrary.
	const digits = 100_000_000 + ((Math.imul(seed, 2_654_435_761) >>> 0) % 900_000_000);
	return `${name.toLowerCase()}-${digits}.eu-west-2.lbu.outscale.com`;
}
