import { describe, expect, it } from 'vitest';
import { parseOptions, SCENARIO_NAMES } from '../../../bench/options.ts';

describe('parseOptions', () => {
  it('measures everything by default', () => {
    const expected = { only: [], scenarios: SCENARIO_NAMES, seconds: 2, rounds: 5, connections: 0, json: '', installHelp: false };
    expect(parseOptions([])).toEqual(expected);
  });

  it('reads lists and numbers', () => {
    const options = parseOptions([
      '--only',
      'sluice,nginx',
      '--scenario',
      'small,idle',
      '--seconds',
      '3',
      '--connections=10',
      '--json',
      'x',
    ]);
    expect(options).toMatchObject({ only: ['sluice', 'nginx'], scenarios: ['small', 'idle'], seconds: 3, connections: 10, json: 'x' });
  });

  it.each([
    [['--only', 'apache'], '"apache" is none of sluice, '],
    [['--scenario', 'tiny'], '"tiny" is none of small, '],
    [['--seconds', '0'], '--seconds takes a whole number above 0, not "0"'],
    [['--rounds', '1.5'], '--rounds takes a whole number above 0'],
    [['--verbose'], `Unknown option '--verbose'`],
  ])('rejects %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});
