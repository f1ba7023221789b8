# sources of provision/
