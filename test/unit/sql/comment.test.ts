import { expect, test } from 'vitest';
import { sqlComment } from '../../../src/sql/comment';

test.each(['\n', '\r', '\r\n', '\u2028', '\u2029', '\v', '\f'])('a line break %j ends no comment', lineBreak => {
  expect(sqlComment(`a${lineBreak}DROP TABLE b;`)).toBe('-- a\n-- DROP TABLE b;');
});
