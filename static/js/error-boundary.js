/**
 * The same functions, but what one of them throws is logged and nothing else: where an extension or a translator took
 * a node away, the conversation goes on.
 */
export function withErrorBoundary(functions) {
  const guard = (call) => (...values) => {
    try {
      return call(...values);
    } catch (error) {
      console.error(error);
    }
  };
  return Object.fromEntries(Object.entries(functions).map(([name, call]) => [name, guard(call)]));
}
