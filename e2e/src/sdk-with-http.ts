// What a page takes that wants plain HTTP as well.
export * from '@atp-router/sdk';
export * from '@atp-router/sdk/http';
