// Artillery looks for its engines under this name; all of it is in pushencoder.
export { default } from "pushencoder/artillery";
