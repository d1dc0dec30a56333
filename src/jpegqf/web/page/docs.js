// The API's reference, by Swagger UI from package files.
"use strict";
window.SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger", deepLinking: true, validatorUrl: null});
