import {readdirSync, readFileSync} from 'node:fs';
import test from 'ava';
import {analyse} from 'scslre';
import ts from 'typescript';

/** A regular expression in the sources. */
interface Found {
	readonly at: string;
	readonly source: string;
	readonly flags: string;
}

/** Parts of patterns that are not built from constants only. */
const COMPUTED: Readonly<Record<string, string>> = {"VERBS.join('|')": 'Accept|Create|Unlink'};

const files = readdirSync('src', {recursive: true, encoding: 'utf8'})
	.filter(name => name.endsWith('.ts'))
	.map(name => {
		const path = `src/${name}`;
		return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
	});
const constants = new Map<string, ts.Expression>();
for (const file of files) {
	walk(file, node => {
		if (!ts.isVariableDeclaration(node) || !ts.isIdentifier(node.name) || node.initializer === undefined) return;
		if (
			ts.isStringLiteralLike(node.initializer) ||
			ts.isTemplateExpression(node.initializer) ||
			ts.isNumericLiteral(node.initializer)
		) {
			constants.set(`${file.fileName}:${node.name.text}`, node.initializer);
			constants.set(node.name.text, node.initializer);
		}
	});
}
const found = files.flatMap(regularExpressionsIn);

test('the regular expressions of the sources are found, including those built from constants', t => {
	t.true(found.length > 100);
	t.true(found.some(({source}) => source.includes('HTTP/1\\.[01]\\r\\n(?:[!#$%')));
});

test('every regular expression needs time that is linear in the text', t => {
	const slow = found.filter(isSlow).map(({at, source}) => `${at} /${source}/`);

	t.deepEqual(slow, [], 'move what repeats out of it, or read the text in a loop as `trimFieldValue` does');
});

for (const source of ['^[ \\t]+|[ \\t]+$', '(a+)+$', 'a*a*b', ':.*$']) {
	test(`/${source}/ would be found`, t => {
		t.true(isSlow({at: '', source, flags: ''}));
	});
}

/** Whether matching may need more than linear time: the pattern can start or split a run in many ways. */
function isSlow({source, flags}: Found): boolean {
	return analyse({source, flags}, {reportTypes: {Move: true, Self: true, Trade: true}}).reports.length > 0;
}

function regularExpressionsIn(file: ts.SourceFile): Found[] {
	const all: Found[] = [];
	const add = (node: ts.Node, source: string, flags: string) => {
		all.push({at: `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`, source, flags});
	};
	walk(file, node => {
		if (ts.isRegularExpressionLiteral(node)) {
			const end = node.text.lastIndexOf('/');
			add(node, node.text.slice(1, end), node.text.slice(end + 1));
		} else if (ts.isNewExpression(node) && node.expression.getText() === 'RegExp') {
			const [source, flags] = node.arguments ?? [];
			add(node, source === undefined ? '' : textOf(source), flags === undefined ? '' : textOf(flags));
		}
	});
	return all;
}

/** The value of a constant expression. */
function textOf(node: ts.Expression): string {
	if (ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) return node.text;
	if (ts.isTemplateExpression(node)) {
		return node.head.text + node.templateSpans.map(span => textOf(span.expression) + span.literal.text).join('');
	}
	const name = node.getText();
	const constant = constants.get(`${node.getSourceFile().fileName}:${name}`) ?? constants.get(name);
	if (constant !== undefined) return textOf(constant);
	const computed = COMPUTED[name];
	if (computed === undefined)
		throw new Error(`${name} in ${node.getSourceFile().fileName}: add what it stands for here`);
	return computed;
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
	visit(node);
	ts.forEachChild(node, child => walk(child, visit));
}
