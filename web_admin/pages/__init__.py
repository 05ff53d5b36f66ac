"""The pages, a file for each: handlers that ask the box and hand the answer to a template."""
