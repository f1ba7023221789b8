# sources of http/
