# sources of saml/
