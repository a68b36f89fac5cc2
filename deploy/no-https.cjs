/** Stands in for node:https in the terminator's bundle: nothing there speaks it. */
module.exports = {}
