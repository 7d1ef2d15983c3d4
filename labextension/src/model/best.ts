/** Parts of names of metrics of which less is better. */
const LESS =
  /(^|[^a-z])(loss|error|err|mse|rmse|mae|mape|rmsle|nll|perplexity|deviance|logloss|log_loss|seconds|time|latency|duration|bytes|size|fpr|fnr|wer|cer|hamming|brier)([^a-z]|$)/i;

/** A guess from the name; people turn it round where it is wrong. */
export function isLessBetter(metric: string): boolean {
  return LESS.test(metric.replace(/([a-z])([A-Z])/g, '$1_$2').replace(/[_\d]+/g, '_'));
}

/** Indexes of the best values; none where there is nothing to choose from. */
export function bestOf(values: readonly (number | string | null)[], isLess: boolean): number[] {
  const numbers = values.map(value => (typeof value === 'number' && Number.isFinite(value) ? value : null));
  const there = numbers.filter((value): value is number => value !== null);
  if (new Set(there).size < 2) {
    return [];
  }
  const best = isLess ? Math.min(...there) : Math.max(...there);
  return numbers.flatMap((value, index) => (value === best ? [index] : []));
}
