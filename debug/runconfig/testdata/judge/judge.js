// Reads cases as JSON from stdin, one array, and writes one problem, or "", for
// each. A case is {original, edited, ours}: a file before and after run
// configurations were written, and what they are in a file of their own.
'use strict';
const assert = require('node:assert');
const { parse, printParseErrorCode, createScanner, SyntaxKind } = require('jsonc-parser');

const BOM = '\ufeff';

// read gives the value of a text as Visual Studio Code has it; undefined for a
// text without one.
function read(text) {
  const errors = [];
  const value = parse(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
  if (errors.length > 0) {
    throw new Error(errors.map((e) => `${printParseErrorCode(e.error)} at ${e.offset}`).join(', '));
  }
  return value;
}

function comments(text) {
  const all = [];
  const scanner = createScanner(text, false);
  for (let kind = scanner.scan(); kind !== SyntaxKind.EOF; kind = scanner.scan()) {
    if (kind === SyntaxKind.LineCommentTrivia || kind === SyntaxKind.BlockCommentTrivia) {
      all.push(text.slice(scanner.getTokenOffset(), scanner.getTokenOffset() + scanner.getTokenLength()));
    }
  }
  return all;
}

// expected is the original's value with ours: lists are appended to, settings
// are set unless the user has them, the rest of a new file comes only with it.
function expected(original, ours) {
  if (original === undefined) return ours;
  if (Array.isArray(ours)) return original.concat(ours);
  const out = { ...original };
  for (const [key, value] of Object.entries(ours)) {
    if (Array.isArray(value)) out[key] = (out[key] ?? []).concat(value);
    else if (key !== 'version' && !(key in out)) out[key] = value;
  }
  return out;
}

function judge({ original, edited, ours }) {
  try {
    assert.strictEqual(edited.startsWith(BOM), original.startsWith(BOM), 'byte order mark');
    const strip = (text) => (text.startsWith(BOM) ? text.slice(1) : text);
    original = strip(original);
    edited = strip(edited);
    assert.deepStrictEqual(read(edited), expected(read(original), read(ours)));
    assert.deepStrictEqual(comments(edited), comments(original), 'comments');
    return '';
  } catch (e) {
    return String(e.message);
  }
}

const cases = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(cases.map(judge)));
