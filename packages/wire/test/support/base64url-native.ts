// Compares base64url in native code with the loops, over all short texts of telling characters and damaged long ones.
// Run by a test, in a process whose engine has it. What it says in the end counts the texts; a difference is thrown.
import assert from 'node:assert/strict';
import { decodeInLoop, encodeInLoop, fromBase64Url, toBase64Url } from '../../src/json/base64url.ts';
import { decodeNative, encodeNative } from '../../src/json/base64url-native.ts';

const CHARS = ['A', 'B', 'Q', 'g', 'w', 'z', '9', '-', '_', '=', '+', '/', ' ', '\n', '\f', '\0', 'é', '☃'];
let texts = 0;

function compare(text: string): void {
  texts += 1;
  const bytes = fromBase64Url(text);
  assert.deepEqual(bytes, decodeInLoop(text), JSON.stringify(text));
  if (bytes === undefined) return;
  assert.equal(toBase64Url(bytes), text);
  assert.equal(encodeInLoop(bytes), text);
}

function compareAll(text: string, more: number): void {
  compare(text);
  if (more > 0) for (const char of CHARS) compareAll(text + char, more - 1);
}

assert.ok(decodeNative !== undefined && encodeNative !== undefined, 'no native code for base64url in this engine');
compareAll('', 4);
for (const length of [253, 254, 255, 256, 1024]) {
  const text = 'Az0_'.repeat(256).slice(0, length);
  for (let at = 0; at < length; at += 1) {
    for (const char of CHARS) {
      compare(text.slice(0, at) + char + text.slice(at + 1));
      compare(text.slice(0, at) + char + text.slice(at));
    }
  }
}
process.stdout.write(`the same for ${texts} texts`);
