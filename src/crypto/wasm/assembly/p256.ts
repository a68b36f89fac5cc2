export * from './nist-curve'
