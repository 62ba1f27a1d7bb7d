let standIn = '';
export function initialize({ url }) {
  standIn = url;
}
export function resolve(specifier, context, next) {
  return specifier === 'electron' ? { url: standIn, shortCircuit: true } : next(specifier, context);
}
