# sources of gateway/
