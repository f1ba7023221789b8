# sources of ldap/
