import { describe, expect, it } from 'vitest';
import { parameterValues, statementInFile } from '../../../src/cli/statement';
import { UsageError } from '../../../src/cli/usage';

describe('statementInFile', () => {
  const two = '-- first\nSELECT 1;\r\n\r\nSELECT\n  2;\n';
  it('takes the only one', async () => {
    expect(await statementInFile('-- why\nSELECT 1 ;\n', 'a.sql')).toBe('SELECT 1');
    expect(await statementInFile('# Title\n\n```sql\nSELECT 1;\n```\n', 'a.md')).toBe('SELECT 1');
  });
  it('takes the one on the line', async () => {
    expect(await statementInFile(two, 'a.sql', 2)).toBe('SELECT 1');
    expect(await statementInFile(two, 'a.sql', 4)).toBe('SELECT\n  2');
    expect(await statementInFile(two, 'a.sql', 5)).toBe('SELECT\n  2');
  });
  it('lists the statements there are when it is not clear which is meant', async () => {
    const error = await statementInFile(two, 'a.sql').catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({
      message: 'There are 2 statements in a.sql.',
      next: 'Choose one:\n  --line 2  SELECT 1\n  --line 4  SELECT 2',
    });
  });
  it('says what is missing', async () => {
    await expect(statementInFile('-- nothing\n', 'a.sql')).rejects.toThrow('There is no statement in a.sql.');
    await expect(statementInFile(two, 'a.sql', 99)).rejects.toThrow('a.sql has no line 99.');
    await expect(statementInFile('text\n', 'a.md', 1)).rejects.toThrow('There is no statement on line 1 of a.md.');
  });
});

describe('parameterValues', () => {
  const sql = "SELECT $2, $1, :app, :'app', :day";
  it('is undefined without any value: the generic plan', () => {
    expect(parameterValues(sql, [], [])).toBeUndefined();
  });
  it('fills numbers first, then names in their order', () => {
    expect(parameterValues(sql, ['one', 'two', 'x', 'd'], [])).toEqual({
      $1: 'one',
      $2: 'two',
      ':app': 'x',
      ":'app'": 'x',
      ':day': 'd',
    });
  });
  it('takes names in any order, with or without their sign, and NULL', () => {
    expect(parameterValues(sql, ['day=d', ':app=a=b', '2=two'], ['$1'])).toEqual({
      $1: null,
      $2: 'two',
      ':app': 'a=b',
      ":'app'": 'a=b',
      ':day': 'd',
    });
  });
  it('takes name=value for a value when no parameter has that name', () => {
    expect(parameterValues('SELECT $1', ['a=b'], [])).toEqual({ $1: 'a=b' });
    expect(parameterValues('SELECT $1', ['=b'], [])).toEqual({ $1: '=b' });
    expect(parameterValues('SELECT $1', [''], [])).toEqual({ $1: '' });
  });
  it.each([
    ['SELECT 1', ['x'], [], 'no parameters'],
    ['SELECT $1', ['x', 'y'], [], 'one value too many: "y"'],
    ['SELECT $1, $2', ['x'], [], 'no value for $2'],
    ['SELECT :a', ['a=1', 'a=2'], [], ':a is given twice'],
    ['SELECT $1', [], ['b'], 'no parameter b'],
  ])('refuses %s with %j and NULL for %j', (statement, given, nulls, message) => {
    expect(() => parameterValues(statement, given, nulls)).toThrow(message);
  });
});
