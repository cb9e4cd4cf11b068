import { expect, it } from 'vitest';
import { judgeSamples, readPrometheus } from '../../../../src/control/rollouts/read-prometheus.ts';

const NOW = 1_800_000_000_000;
const vector = (...values: readonly unknown[]): string =>
  JSON.stringify({ status: 'success', data: { resultType: 'vector', result: values.map((value) => ({ metric: {}, value })) } });
const at = (value: string, agoSeconds = 0): unknown => [NOW / 1000 - agoSeconds, value];

it.each([
  ['a vector', vector(at('0.5')), [0.5]],
  ['several series', vector(at('1'), at('-2e3')), [1, -2000]],
  ['a scalar', JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: at('3') } }), [3]],
])('reads %s', (_, text, values) => expect(readPrometheus(200, text, NOW)).toEqual({ values }));

it.each([
  ['NaN', vector(at('NaN')), 'a value is NaN'],
  ['infinity', vector(at('+Inf')), 'a value is +Inf'],
  ['an empty value', vector(at('')), 'a value is empty'],
  ['words', vector(at('high')), 'a value is high'],
  ['one NaN among numbers', vector(at('1'), at('NaN')), 'a value is NaN'],
  ['nothing', vector(), 'the query finds nothing'],
  ['a stale sample', vector(at('1', 600)), 'the latest sample is 600 s old'],
  ['a number for a text', vector([NOW / 1000, 1]), 'a sample is not [time, value]'],
  ['no sample', vector(undefined), 'a sample is not [time, value]'],
  ['a matrix', JSON.stringify({ status: 'success', data: { resultType: 'matrix', result: [] } }), 'it must give a vector'],
  ['an error', JSON.stringify({ status: 'error', error: 'parse error' }), 'Prometheus refuses the query (status 200): parse error'],
  ['a page', '<html>', 'Prometheus sends no JSON (status 200)'],
  ['null', 'null', 'Prometheus refuses the query'],
  ['too many series', vector(...Array.from({ length: 1001 }, () => at('1'))), 'at most 1000 are judged'],
])('holds at %s', (_, text, fault) => {
  const read = readPrometheus(200, text, NOW);
  expect('fault' in read && read.fault).toContain(fault);
});

it('judges the worst series, at its bounds as well', () => {
  expect(judgeSamples([0.2, 0.95], { max: 0.9, min: undefined })).toEqual({ isBad: true, value: 0.95, sentence: '0.95 is above 0.9' });
  expect(judgeSamples([0.2, 0.9], { max: 0.9, min: undefined })).toMatchObject({ isBad: false, value: 0.9 });
  expect(judgeSamples([5, 0.5], { max: undefined, min: 1 })).toEqual({ isBad: true, value: 0.5, sentence: '0.5 is below 1' });
  expect(judgeSamples([1], { max: undefined, min: 1 })).toMatchObject({ isBad: false });
});
