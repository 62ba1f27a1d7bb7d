/** A utility process that answers with what it was told. */
process.parentPort.on('message', ({ data }) =>
  process.parentPort.postMessage({ echoed: data, type: process.type }),
);
