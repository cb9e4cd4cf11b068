// Evidence is kept as natural logarithms of e-values: numbers whose mean is at most 1 while the null hypothesis is true, however often and whenever
// somebody looks. The mean of several e-values is one, whatever depends on what (V. Vovk, R. Wang, E-values, Ann. Stat. 49, 2021).

/** ln(e^a + e^b). */
export function logSum(a: number, b: number): number {
  const [most, least] = a >= b ? [a, b] : [b, a];
  return least === -Infinity ? most : most + Math.log1p(Math.exp(least - most));
}

/** ln of the sum of e^x. */
export function logSumOf(logs: ArrayLike<number>): number {
  let most = -Infinity;
  for (let i = 0; i < logs.length; i++) most = Math.max(most, logs[i] as number);
  if (most === -Infinity || most === Infinity) return most;
  let sum = 0;
  for (let i = 0; i < logs.length; i++) sum += Math.exp((logs[i] as number) - most);
  return most + Math.log(sum);
}

/** ln of the mean of several e-values, given as logarithms: a test of the hypothesis that all of them test. */
export function logMean(logs: ArrayLike<number>): number {
  if (logs.length === 0) throw new RangeError('A mean is of at least one e-value.');
  return logSumOf(logs) - Math.log(logs.length);
}
