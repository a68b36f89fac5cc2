/** Stands in for a module that a bundle's packages import, and of which nothing is ever called there. */
module.exports = {}
