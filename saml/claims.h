/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of the attributes (claims) that Entra ID sends, as far as we know their meaning. */
#ifndef SAML_CLAIMS_H
#define SAML_CLAIMS_H

#define SAML_CLAIM_OBJECT_ID "http://schemas.microsoft.com/identity/claims/objectidentifier"
#define SAML_CLAIM_TENANT "http://schemas.microsoft.com/identity/claims/tenantid"
/* The tenant, or other provider, at which the person signed on; Entra always sends it, and no claims mapping can forge it. */
#define SAML_CLAIM_IDENTITY_PROVIDER "http://schemas.microsoft.com/identity/claims/identityprovider"
#define SAML_CLAIM_AUTHN_METHODS "http://schemas.microsoft.com/claims/authnmethodsreferences"
#define SAML_CLAIM_GROUPS "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
/* App roles; groups too where an administrator has them sent as roles.  And directory roles, by the ids of their templates. */
#define SAML_CLAIM_ROLE "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
#define SAML_CLAIM_DIRECTORY_ROLES "http://schemas.microsoft.com/ws/2008/06/identity/claims/wids"
#define SAML_CLAIM_GROUPS_LINK "http://schemas.microsoft.com/claims/groups.link"
#define SAML_CLAIM_NAME "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
#define SAML_CLAIM_UPN "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"
#define SAML_CLAIM_EMAIL "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
#define SAML_METHOD_MULTIPLE "http://schemas.microsoft.com/claims/multipleauthn"

#endif
